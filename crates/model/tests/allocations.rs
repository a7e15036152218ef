//! What does not allocate, or no more than once.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use promd_model::{Labels, LabelsBuilder, LabelsRef, METRIC_NAME, Millis, float};
use promd_testkit::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[track_caller]
fn check<T>(calls: u64, work: impl FnOnce() -> T) -> T {
    let (result, allocated) = CountingAllocator::during(work);
    assert_eq!(allocated.calls, calls);
    result
}

fn target() -> Labels {
    Labels::from_pairs([("instance", "host-1.example:9100"), ("job", "node"), ("zone", "b")]).unwrap()
}

#[test]
fn reading_a_label_set_allocates_nothing() {
    let labels = target();
    check(0, || {
        let again = LabelsRef::from_packed(labels.as_packed()).unwrap();
        (again.get("job"), again.len(), again.hash(), again.stable_hash(), again.cmp(&labels.view()))
    });
    check(0, || (labels.hash_for(&["job"]), labels.hash_without(&["job"]), labels.iter().count()));
    check(0, || (labels.clone(), Labels::empty(), labels == labels.clone()));
}

#[test]
fn a_builder_that_is_used_again_allocates_the_label_set_alone() {
    let target = target();
    let mut builder = LabelsBuilder::new();
    let edit = |builder: &mut LabelsBuilder, code: &str| {
        builder.reset(&target).set(METRIC_NAME, "http_requests_total").set("code", code).remove("zone");
    };
    edit(&mut builder, "200");
    builder.build().unwrap();
    check(0, || edit(&mut builder, "404"));
    assert_eq!(check(0, || builder.view().unwrap().get("code")), Some("404"));
    let labels = check(1, || builder.build().unwrap());
    assert_eq!(labels.get("code"), Some("404"));
    check(0, || builder.reset(&labels).build().unwrap());
}

#[test]
fn text_is_written_to_a_buffer_that_is_there() {
    let mut out = Vec::with_capacity(1024);
    check(0, || {
        for value in [0.1, 1e300, f64::NAN, 5e-324] {
            float::write_g(&mut out, value);
            float::write_json(&mut out, value);
        }
        Millis(1_435_781_451_781).write_json(&mut out);
        float::parse(b"1.5e3").unwrap()
    });
}
