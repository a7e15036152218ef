use super::*;

/// The label set of which the hashes are worked out in Prometheus.
fn up() -> Labels {
    Labels::from_pairs([("job", "a"), ("__name__", "up")]).unwrap()
}

#[test]
fn the_packed_form_is_that_of_prometheus() {
    let packed = b"\x08__name__\x02up\x03job\x01a";
    assert_eq!(up().as_packed(), packed);
    assert_eq!(Labels::from_packed(packed).unwrap(), up());

    for (len, prefix) in
        [(254, &b"\xfe"[..]), (255, b"\xff\xff\x00\x00"), (256, b"\xff\x00\x01\x00"), (70_000, b"\xff\x70\x11\x01")]
    {
        let labels = Labels::from_pairs([("a", "x".repeat(len))]).unwrap();
        let expect = [b"\x01a", prefix, "x".repeat(len).as_bytes()].concat();
        assert_eq!(labels.as_packed(), expect, "{len}");
        assert_eq!(LabelsRef::from_packed(&expect).unwrap().get("a").unwrap().len(), len);
    }
}

#[test]
fn sixteen_mebibytes_are_too_many() {
    let mut value = "x".repeat((1 << 24) - 1);
    let labels = Labels::from_pairs([("a", &value)]).unwrap();
    assert_eq!(labels.get("a").map(str::len), Some(16_777_215));
    value.push('x');
    assert_eq!(Labels::from_pairs([("a", &value)]), Err(LabelsError::TooLong { len: 16_777_216 }));
    assert_eq!(LabelsBuilder::new().set(&value, "a").build(), Err(LabelsError::TooLong { len: 16_777_216 }));
}

/// The expected values were read off a running Prometheus 3.5.3 (`limit_ratio`, and the second at which a target is
/// scraped) or computed by its source.
#[test]
fn hashes_are_those_of_prometheus() {
    assert_eq!(up().hash(), 12_372_323_049_859_431_179);
    assert_eq!(up().stable_hash(), 6_193_206_268_627_925_327);
    let target = Labels::from_pairs([
        ("__address__", "h:1"),
        ("__metrics_path__", "/metrics"),
        ("__scheme__", "http"),
        ("__scrape_interval__", "15s"),
        ("__scrape_timeout__", "10s"),
        ("instance", "h:1"),
        ("job", "a"),
    ]);
    assert_eq!(target.unwrap().hash(), 1_536_551_738_652_587_890);
}

#[test]
fn hashes_of_some_labels_are_stable_hashes_of_what_is_left() {
    let labels = Labels::from_pairs([("__name__", "m"), ("a", "1"), ("b", "2"), ("c", "3")]).unwrap();
    let stable = |names: &[&str]| labels.filter(|label| names.contains(&label.name)).stable_hash();
    let all = ["", "__name__", "a", "aa", "b", "c", "d"];
    assert_eq!(labels.hash_for(&all), labels.stable_hash());
    assert_eq!(labels.hash_for(&["a", "c"]), stable(&["a", "c"]));
    assert_eq!(labels.hash_for::<&str>(&[]), stable(&[]));
    assert_eq!(labels.hash_without::<&str>(&[]), stable(&["a", "b", "c"]));
    assert_eq!(labels.hash_without(&["a", "c"]), stable(&["b"]));
    assert_eq!(labels.hash_without(&all), stable(&[]));
}

#[track_caller]
fn check_refused(packed: &[u8], expect: &str) {
    assert_eq!(LabelsRef::from_packed(packed).unwrap_err().to_string(), expect);
}

#[test]
fn malformed_packed_bytes_are_refused() {
    check_refused(b"\x01", "malformed packed label at byte 0");
    check_refused(b"\x01a\x01b\x01", "malformed packed label at byte 4");
    check_refused(b"\x01a", "malformed packed label at byte 0");
    check_refused(b"\x01a\x02b", "malformed packed label at byte 0");
    check_refused(b"\x01a\xff\x00\x01", "malformed packed label at byte 0");
    check_refused(b"\x01a\xff\xff\xff\xff", "malformed packed label at byte 0");
    // The value would fit, but its length has a shorter form.
    check_refused(b"\x01a\xff\x01\x00\x00b", "malformed packed label at byte 0");
    check_refused(b"\x00\x01b", "a label name is empty");
    check_refused(b"\x01a\x01\xff", "packed label at byte 0 is not UTF-8");
    check_refused(b"\x01a\x01b\x01\xff\x01b", "packed label at byte 4 is not UTF-8");
    check_refused(b"\x01b\x01x\x01a\x01x", "packed label at byte 4 is out of order");
    check_refused(b"\x01b\x01x\x01b\x01y", "label name \"b\" is not unique");
}

#[test]
fn pairs_must_have_names_and_those_once() {
    let duplicate = Labels::from_pairs([("b", "1"), ("a", "2"), ("b", "1")]);
    assert_eq!(duplicate.unwrap_err().to_string(), r#"label name "b" is not unique"#);
    assert_eq!(Labels::from_pairs([("", "1")]).unwrap_err().to_string(), "a label name is empty");
    assert_eq!(LabelsBuilder::new().set("", "1").build(), Err(LabelsError::EmptyName));
}

#[test]
fn absent_labels_are_none_and_empty_ones_stay() {
    let labels = Labels::from_pairs([("b", ""), ("d", "1")]).unwrap();
    assert_eq!(
        ["a", "b", "c", "d", "e", ""].map(|name| labels.get(name)),
        [None, Some(""), None, Some("1"), None, None]
    );
    assert_eq!((labels.len(), labels.has_empty_value()), (2, true));
    assert_eq!(labels.without_empty().to_string(), r#"{d="1"}"#);
    assert_eq!(LabelsBuilder::new().reset(&labels).build().unwrap(), labels.without_empty());
}

#[track_caller]
fn check_display(pairs: &[(&str, &str)], expect: &str) {
    assert_eq!(Labels::from_pairs(pairs.iter().copied()).unwrap().to_string(), expect);
}

/// The first three are cases of Prometheus' own test of `Labels.String`; the others follow from Go's quoting.
#[test]
fn label_sets_are_printed_as_in_prometheus() {
    check_display(&[("t1", "t1"), ("t2", "t2")], r#"{t1="t1", t2="t2"}"#);
    check_display(&[], "{}");
    check_display(
        &[("service.name", "t1"), ("whatever\\whatever", "t2")],
        r#"{"service.name"="t1", "whatever\\whatever"="t2"}"#,
    );
    check_display(&[("aaa", "111"), ("xx", "aa\\a\"\n")], "{aaa=\"111\", xx=\"aa\\\\a\\\"\\n\"}");
    check_display(&[("é", "é\u{a0}"), ("0a", "")], r#"{"0a"="", "é"="é\u00a0"}"#);
    assert_eq!(up().display_compact().to_string(), r#"{__name__="up",job="a"}"#);
}

/// By `labels.Compare` of Prometheus: name by name and value by value, whatever the bytes of the lengths are.
#[test]
fn label_sets_are_ordered_as_in_prometheus() {
    let long = "c".repeat(300);
    let ascending: &[&[(&str, &str)]] = &[
        &[],
        &[("aaa", "110"), ("bbb", "222")],
        &[("aaa", "111"), ("bbb", "111")],
        &[("aaa", "111"), ("bbb", "222")],
        &[("aaa", "111"), ("bbb", "222"), ("ccc", "333")],
        &[("aaa", "111"), ("bbb", &long)],
        &[("aaa", "111"), ("bbb", "d")],
        &[("aaa", "111"), ("bbbb", "222")],
        &[("aaa", "111"), ("bc", "222")],
        &[("bbb", "111")],
    ];
    let sets: Vec<Labels> = ascending.iter().map(|pairs| Labels::from_pairs(pairs.iter().copied()).unwrap()).collect();
    for (i, a) in sets.iter().enumerate() {
        for (j, b) in sets.iter().enumerate() {
            assert_eq!(a.cmp(b), i.cmp(&j), "{a} and {b}");
        }
    }
}

#[test]
fn the_metric_name_is_a_label_like_others() {
    let labels = up();
    assert_eq!(labels.metric_name(), Some("up"));
    assert_eq!(labels.without_metric_name().to_string(), r#"{job="a"}"#);
    assert_eq!(labels.with_metric_name("down").unwrap().to_string(), r#"{__name__="down", job="a"}"#);
    assert_eq!(labels.with_metric_name("").unwrap(), labels.without_metric_name());
}

#[test]
fn the_last_edit_of_a_label_wins() {
    let mut builder = LabelsBuilder::new();
    builder.reset(&up()).set("a", "1").set("a", "2").remove("job").set("job", "b").set("z", "1").set("z", "");
    assert_eq!(builder.get("a"), Some("2"));
    assert_eq!((builder.get("z"), builder.get("__name__"), builder.get("y")), (None, Some("up"), None));
    assert_eq!(builder.build().unwrap().to_string(), r#"{__name__="up", a="2", job="b"}"#);
    builder.retain(|name| name == "job" || name == "z");
    assert_eq!(builder.view().unwrap().to_string(), r#"{job="b"}"#);
    builder.set("c", "3");
    assert_eq!(builder.iter().map(|label| label.name).collect::<Vec<_>>(), ["c", "job"]);
    builder.reset(&Labels::empty());
    assert!(builder.build().unwrap().is_empty());
}

#[test]
fn what_is_not_changed_is_not_copied() {
    let labels = up();
    let mut builder = LabelsBuilder::new();
    assert!(Arc::ptr_eq(&builder.reset(&labels).build().unwrap().0, &labels.0));
    assert!(Arc::ptr_eq(&builder.remove("absent").set("job", "a").build().unwrap().0, &labels.0));
    assert!(Arc::ptr_eq(&labels.filter(|_| true).0, &labels.0));
    assert!(size_of::<Option<Labels>>() <= 16);
}
