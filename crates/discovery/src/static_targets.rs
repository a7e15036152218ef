//! Targets that stand in the configuration itself.

use std::any::Any;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use crate::{CancelSignal, Context, Discoverer, Mechanism, MechanismError, TargetGroup};

/// `static_configs`: all lists of a job together.
#[derive(Debug, Clone, PartialEq)]
pub struct StaticMechanism {
    groups: Vec<TargetGroup>,
}

impl StaticMechanism {
    /// The name of the mechanism.
    pub const NAME: &str = "static";

    /// A mechanism that finds these groups.
    #[must_use]
    pub fn new(groups: Vec<TargetGroup>) -> Self {
        Self { groups }
    }

    /// One group without targets: what a set is given that asks for nothing, so that its consumer hears of it.
    pub(crate) fn nothing() -> Self {
        Self::new(vec![TargetGroup::gone("0")])
    }
}

impl Mechanism for StaticMechanism {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn is_same(&self, other: &dyn Mechanism) -> bool {
        (other as &dyn Any).downcast_ref() == Some(self)
    }

    fn discoverer(&self, _: &Context) -> Result<Box<dyn Discoverer>, MechanismError> {
        Ok(Box::new(self.clone()))
    }
}

impl Discoverer for StaticMechanism {
    fn run(self: Box<Self>, updates: mpsc::Sender<Vec<TargetGroup>>, _: CancelSignal) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            // The error is that nobody wants to know.
            let _ = updates.send(self.groups).await;
        })
    }
}
