use super::*;

/// The layout of `writeMetaFile` in `tsdb/block.go`: Go's `json.MarshalIndent` with a tab, and `omitempty`.
const WHOLE: &str = "{
\t\"ulid\": \"01M7XK239NFNPV4R1TCWCB8NTA\",
\t\"minTime\": -5,
\t\"maxTime\": 1736042400000,
\t\"stats\": {
\t\t\"numSamples\": 9,
\t\t\"numFloatSamples\": 4,
\t\t\"numHistogramSamples\": 5,
\t\t\"numSeries\": 3,
\t\t\"numChunks\": 2,
\t\t\"numTombstones\": 1
\t},
\t\"compaction\": {
\t\t\"level\": 2,
\t\t\"sources\": [
\t\t\t\"01M7XK23CJXQ412T2MM0RSXNGP\"
\t\t],
\t\t\"deletable\": true,
\t\t\"parents\": [
\t\t\t{
\t\t\t\t\"ulid\": \"01M7XK23CJXQ412T2MM0RSXNGP\",
\t\t\t\t\"minTime\": 1,
\t\t\t\t\"maxTime\": 2
\t\t\t}
\t\t],
\t\t\"failed\": true,
\t\t\"hints\": [
\t\t\t\"from-out-of-order\"
\t\t]
\t},
\t\"version\": 1
}";

#[test]
fn every_field_is_rewritten_as_it_stood() {
    let meta = Meta::parse(WHOLE.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(meta.to_json()).unwrap(), WHOLE);
    assert_eq!((meta.stats.num_float_samples, meta.compaction.parents[0].max_time), (4, 2));
    assert!(meta.other.is_empty() && meta.stats.other.is_empty() && meta.compaction.other.is_empty());
}

#[test]
fn what_is_empty_is_left_out() {
    let id: BlockId = "01M7XK23CJXQ412T2MM0RSXNGP".parse().unwrap();
    let mut meta = Meta::new(id, 1, 2);
    meta.compaction.sources.clear();
    let expected = "{\n\t\"ulid\": \"01M7XK23CJXQ412T2MM0RSXNGP\",\n\t\"minTime\": 1,\n\t\"maxTime\": 2,\n\t\"stats\": {},\n\
                    \t\"compaction\": {\n\t\t\"level\": 1\n\t},\n\t\"version\": 1\n}";
    assert_eq!(String::from_utf8(meta.to_json()).unwrap(), expected);
}

#[track_caller]
fn refused(from: &str, to: &str, error: &str) {
    let text = WHOLE.replace(from, to);
    assert_ne!(text, WHOLE, "nothing was replaced");
    let found = Meta::parse(text.as_bytes()).unwrap_err().to_string();
    assert!(found.contains(error), "{found}");
}

#[test]
fn what_cannot_be_a_block_is_refused() {
    // The text of the version is that of `readMetaFile` in `tsdb/block.go`.
    refused("\"version\": 1", "\"version\": 2", "unexpected meta file version 2");
    refused("\"version\": 1", "\"verzion\": 1", "missing field `version`");
    refused("1736042400000", "-17", "minTime -5 lies behind maxTime -17");
    refused("01M7XK239NFNPV4R1TCWCB8NTA", "81M7XK239NFNPV4R1TCWCB8NTA", "not a ULID");
    refused("\"numSamples\": 9", "\"numSamples\": -9", "invalid value");
    refused("\n}", "\n", "EOF");
}

#[test]
fn unknown_fields_are_kept_at_every_level() {
    let mut text = WHOLE.replace("\"version\": 1", "\"version\": 1,\n\t\"thanos\": {\n\t\t\"labels\": {}\n\t}");
    text = text.replace("\"maxTime\": 2\n", "\"maxTime\": 2,\n\t\t\t\t\"x\": 0.5\n");
    text = text.replace("\"numTombstones\": 1", "\"numTombstones\": 1,\n\t\t\"y\": [\n\t\t\t1\n\t\t]");
    let meta = Meta::parse(text.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(meta.to_json()).unwrap(), text);
}

#[test]
fn gos_null_is_an_empty_list() {
    let text = r#"{"ulid":"01M7XK23CJXQ412T2MM0RSXNGP","minTime":1,"maxTime":2,"compaction":{"level":1,"sources":null},"version":1}"#;
    assert_eq!(Meta::parse(text.as_bytes()).unwrap().compaction.sources, []);
}
