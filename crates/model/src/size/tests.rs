use proptest::prelude::*;

use super::*;

/// `testdata/model/size.tsv` was printed by alecthomas/units, with which Prometheus reads its sizes.
#[test]
fn sizes_are_read_and_printed_as_in_prometheus() {
    let table = std::fs::read_to_string(promd_testkit::testdata("model/size.tsv")).unwrap();
    for row in table.lines() {
        let [what, from, to] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let result = match what {
            "parse" => from.parse::<ByteSize>().map_or_else(|error| error.to_string(), |size| size.bytes().to_string()),
            _ => ByteSize::from_bytes(from.parse().unwrap()).to_string(),
        };
        assert_eq!(result, to, "{row}");
    }
    assert!(table.lines().count() > 250);
}

/// Prometheus makes of this a negative size, for lack of room.
#[test]
fn eight_exbibytes_are_too_many() {
    assert_eq!("8EB".parse::<ByteSize>().unwrap_err().to_string(), "units: overflow parsing unit");
}

proptest! {
    #[test]
    fn a_size_comes_back(bytes in 0..1i64 << 53) {
        let size = ByteSize::from_bytes(bytes);
        prop_assert_eq!(size.to_string().parse(), Ok(size));
    }
}
