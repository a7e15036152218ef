//! Deleting, and copies of the database.

use promd_model::Civil;

use crate::api::{Api, Ask};
use crate::query::flag;
use crate::reply::Reply;
use crate::{ApiError, ErrorType};

type Result = std::result::Result<Reply, ApiError>;

impl Api {
    fn check_admin(&self) -> std::result::Result<(), ApiError> {
        if self.options.admin { Ok(()) } else { Err(ApiError::new(ErrorType::Unavailable, "admin APIs disabled")) }
    }

    pub(crate) async fn delete_series(&self, ask: &Ask<'_>) -> Result {
        self.check_admin()?;
        let form = &ask.form;
        if let Some(error) = form.error() {
            return Err(ApiError::bad_data(format_args!("error parsing form values: {error}")));
        }
        if form.all("match[]").next().is_none() {
            return Err(ApiError::bad_data("no match[] parameter provided"));
        }
        let times = form.times()?;
        let selectors: std::result::Result<Vec<_>, _> =
            form.all("match[]").map(|text| self.parser.parse_selector(text)).collect();
        let selectors = selectors.map_err(|error| ApiError::parameter("match[]", error))?;
        self.manage(move |database| {
            // A selector without matchers selects nothing, in Prometheus' index; a database would delete all.
            let mut selecting = selectors.iter().filter(|matchers| !matchers.is_empty());
            selecting.try_for_each(|matchers| database.delete(times, matchers)).map_err(ApiError::internal)
        })
        .await?;
        Ok(Reply::nothing())
    }

    pub(crate) async fn clean_tombstones(&self) -> Result {
        self.check_admin()?;
        self.manage(|database| database.clean_tombstones().map_err(ApiError::internal)).await?;
        Ok(Reply::nothing())
    }

    pub(crate) async fn snapshot(&self, ask: &Ask<'_>) -> Result {
        self.check_admin()?;
        let skip_head = flag(&ask.form, "skip_head")
            .map_err(|error| ApiError::parameter("skip_head", format_args!("unable to parse boolean: {error}")))?;
        let wall = self.clock.wall();
        let Civil { year, month, day, hour, minute, second, .. } = self.now().civil();
        // Two snapshots of one second need two names; the nanoseconds are as good as a random number.
        let name = format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z-{:016x}", wall.nanos());
        let to = self.options.data_dir.join("snapshots").join(&name);
        self.manage(move |database| {
            let wrong = |error| ApiError::internal(format_args!("create snapshot: {error}"));
            database.snapshot(&to, !skip_head).map_err(wrong)
        })
        .await?;
        Ok(Reply::json(&serde_json::json!({ "name": name })))
    }
}
