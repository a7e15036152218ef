//! What a manager keeps, starts, ends and hands out.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use promd_clock::{Clock, SimClock};
use promd_discovery::{
    CancelSignal, Context, Discoverer, Manager, ManagerOptions, Mechanism, MechanismError, Mechanisms, StaticMechanism,
    TargetGroup, TargetSets,
};
use promd_model::Labels;
use tokio::sync::{mpsc, watch};

type Senders = Arc<Mutex<Vec<mpsc::Sender<Vec<TargetGroup>>>>>;

/// A mechanism whose discoverers say what the test tells them to.
#[derive(Debug, Clone, Default)]
struct Scripted {
    id: usize,
    broken: bool,
    started: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
    running: Senders,
}

impl Mechanism for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn is_same(&self, other: &dyn Mechanism) -> bool {
        (other as &dyn Any).downcast_ref::<Self>().is_some_and(|other| other.id == self.id)
    }

    fn discoverer(&self, _: &Context) -> Result<Box<dyn Discoverer>, MechanismError> {
        if self.broken { Err(MechanismError::new("scripted", "broken")) } else { Ok(Box::new(self.clone())) }
    }
}

impl Discoverer for Scripted {
    fn run(
        self: Box<Self>,
        updates: mpsc::Sender<Vec<TargetGroup>>,
        mut shutdown: CancelSignal,
    ) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            self.started.fetch_add(1, SeqCst);
            self.running.lock().unwrap().push(updates);
            shutdown.cancelled().await;
            self.ended.fetch_add(1, SeqCst);
        })
    }
}

fn group(source: &str, addresses: &[&str]) -> TargetGroup {
    TargetGroup::new(source, addresses, Labels::empty()).unwrap()
}

fn sets(sets: &[(&str, Vec<Arc<dyn Mechanism>>)]) -> BTreeMap<String, Vec<Arc<dyn Mechanism>>> {
    sets.iter().map(|(name, mechanisms)| ((*name).to_owned(), mechanisms.clone())).collect()
}

/// Lets time pass until the next sets are there, and says how long that took.
async fn next(clock: &SimClock, updates: &mut watch::Receiver<Arc<TargetSets>>) -> (Duration, Arc<TargetSets>) {
    let start = clock.monotonic();
    while !updates.has_changed().unwrap() {
        settle().await;
        if !updates.has_changed().unwrap() {
            clock.advance_to_next_timer();
        }
    }
    (clock.monotonic().since(start), Arc::clone(&updates.borrow_and_update()))
}

/// Lets all tasks of the runtime, which has one thread, run until they wait.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

fn addresses(sets: &TargetSets, set: &str) -> Vec<String> {
    let targets = sets[set].iter().flat_map(|group| &group.targets);
    targets.map(|target| target.get("__address__").unwrap().to_owned()).collect()
}

fn manager() -> (SimClock, Manager, watch::Receiver<Arc<TargetSets>>) {
    let clock = SimClock::default();
    let manager = Manager::new(ManagerOptions::new("scrape"), Arc::new(clock.clone()));
    let updates = manager.updates();
    (clock, manager, updates)
}

#[tokio::test]
async fn what_did_not_change_goes_on_and_what_is_gone_ends() {
    let (clock, manager, mut updates) = manager();
    let kept = Scripted { id: 1, ..Scripted::default() };
    let dropped = Scripted { id: 2, ..Scripted::default() };
    manager.apply(sets(&[("a", vec![Arc::new(kept.clone())]), ("b", vec![Arc::new(dropped.clone())])]));
    next(&clock, &mut updates).await;
    let sender = kept.running.lock().unwrap()[0].clone();
    sender.send(vec![group("x", &["1:1"])]).await.unwrap();
    assert_eq!(addresses(&next(&clock, &mut updates).await.1, "a"), ["1:1"]);

    // A third set asks for the same as the first: it shares the discoverer, and has its targets at once.
    manager.apply(sets(&[("a", vec![Arc::new(kept.clone())]), ("c", vec![Arc::new(kept.clone())])]));
    let (_, seen) = next(&clock, &mut updates).await;
    assert_eq!((addresses(&seen, "a"), addresses(&seen, "c")), (vec!["1:1".to_owned()], vec!["1:1".to_owned()]));
    assert!(!seen.contains_key("b"));
    assert_eq!((kept.started.load(SeqCst), kept.ended.load(SeqCst)), (1, 0));
    assert_eq!((dropped.started.load(SeqCst), dropped.ended.load(SeqCst)), (1, 1));

    manager.shutdown().await;
    settle().await;
    assert_eq!(kept.ended.load(SeqCst), 1);
}

#[tokio::test]
async fn a_group_replaces_the_one_of_its_source_and_an_empty_one_removes_it() {
    let (clock, manager, mut updates) = manager();
    let scripted = Scripted::default();
    manager.apply(sets(&[("a", vec![Arc::new(scripted.clone())])]));
    next(&clock, &mut updates).await;
    let sender = scripted.running.lock().unwrap()[0].clone();
    let steps: [(&[TargetGroup], &[&str]); 3] = [
        (&[group("x", &["1:1"]), group("y", &["2:2"])], &["1:1", "2:2"]),
        (&[group("x", &["3:3"])], &["3:3", "2:2"]),
        (&[TargetGroup::gone("y")], &["3:3"]),
    ];
    for (groups, expect) in steps {
        sender.send(groups.to_vec()).await.unwrap();
        assert_eq!(addresses(&next(&clock, &mut updates).await.1, "a"), expect);
    }
    manager.shutdown().await;
}

/// The first delay and its growth are those of `discovery/manager.go`.
#[tokio::test]
async fn changes_are_gathered() {
    let (clock, manager, mut updates) = manager();
    let scripted = Scripted::default();
    manager.apply(sets(&[("a", vec![Arc::new(scripted.clone())])]));
    assert_eq!(next(&clock, &mut updates).await.0, Duration::from_millis(100));
    let sender = scripted.running.lock().unwrap()[0].clone();
    for address in ["1:1", "2:2", "3:3"] {
        sender.send(vec![group("x", &[address])]).await.unwrap();
    }
    let (waited, seen) = next(&clock, &mut updates).await;
    assert_eq!((waited, addresses(&seen, "a")), (Duration::from_millis(150), vec!["3:3".to_owned()]));
    manager.shutdown().await;
}

#[tokio::test]
async fn a_set_that_asks_for_nothing_is_handed_out_empty() {
    let (clock, manager, mut updates) = manager();
    let broken = Scripted { broken: true, ..Scripted::default() };
    manager.apply(sets(&[("none", vec![]), ("broken", vec![Arc::new(broken)])]));
    let (_, seen) = next(&clock, &mut updates).await;
    assert_eq!((seen["none"].len(), seen["broken"].len()), (0, 0));
    let mut failed = None;
    let registry = promd_metrics::Registry::new();
    registry.register(manager.metrics()).unwrap();
    let mut snapshot = promd_metrics::Snapshot::default();
    registry.gather(std::time::SystemTime::UNIX_EPOCH, &mut snapshot).unwrap();
    snapshot.visit(&mut Find(&mut failed));
    assert_eq!(failed, Some(1.0));
    manager.shutdown().await;
}

struct Find<'a>(&'a mut Option<f64>);

impl promd_metrics::Sink for Find<'_> {
    fn family(&mut self, desc: &promd_metrics::Desc) {
        if desc.name() == "prometheus_sd_failed_configs" {
            *self.0 = Some(f64::NAN);
        }
    }

    fn sample(&mut self, sample: &promd_metrics::Sample<'_>) {
        if let (Some(value), promd_metrics::Value::Gauge(gauge)) = (&mut *self.0, &sample.value)
            && value.is_nan()
        {
            *value = *gauge;
        }
    }
}

#[tokio::test]
async fn static_targets_are_found_once() {
    let (clock, manager, mut updates) = manager();
    let mechanism = StaticMechanism::new(vec![group("0", &["a:1", "b:2"])]);
    manager.apply(sets(&[("s", vec![Arc::new(mechanism)])]));
    assert_eq!(addresses(&next(&clock, &mut updates).await.1, "s"), ["a:1", "b:2"]);
    manager.shutdown().await;
}

#[test]
fn what_is_not_built_in_is_refused_by_name() {
    let text = b"scrape_configs: [{job_name: a, static_configs: [{targets: ['a:1']}], \
        consul_sd_configs: [{server: 'c:1'}], nomad_sd_configs: [{server: 'http://n'}]}]";
    let config = promd_config::Config::parse(text, &promd_config::Options::default()).unwrap();
    let refused = Mechanisms::new().check(&config.scrape_configs[0].discovery).unwrap_err();
    assert_eq!(refused.names(), ["consul_sd_configs", "nomad_sd_configs"]);
    assert_eq!(refused.to_string(), "service discovery that is not built in: consul_sd_configs, nomad_sd_configs");
}
