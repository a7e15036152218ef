use std::cell::Cell;

use promd_codec::Writer;

use super::*;

thread_local! {
    pub(super) static DECODED: Cell<usize> = const { Cell::new(0) };
}

/// A section with these entries, the offset of each its number.
fn section<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    let length = writer.hole_u32();
    let contents = writer.position();
    let count = writer.hole_u32();
    let mut number = 0;
    for (name, value) in entries {
        writer.put_uvarint(2);
        writer.put_uvarint_bytes(name.as_bytes());
        writer.put_uvarint_bytes(value.as_bytes());
        writer.put_uvarint(number.into());
        number += 1;
    }
    writer.fill_u32(count, number);
    writer.fill_length(length).unwrap();
    writer.put_crc32c_from(contents);
    bytes
}

/// Names of one value and of many.
fn keys() -> Vec<(String, String)> {
    let mut keys = vec![(String::new(), String::new())];
    for (name, values) in [("a", 1), ("b", 31), ("c", 32), ("d", 33), ("e", 1), ("f", 20_000), ("g", 2)] {
        keys.extend((0..values).map(|value| (name.to_owned(), format!("{value:05}"))));
    }
    keys
}

#[test]
fn every_entry_is_found_within_64_and_nothing_else_is() {
    let keys = keys();
    let file = section(keys.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let table = OffsetTable::read(&file, 0).unwrap();
    for (number, (name, value)) in (0..).zip(&keys) {
        DECODED.set(0);
        assert_eq!(table.find(&file, name, value).unwrap().offset, number);
        assert!(DECODED.get() <= 64, "{}", DECODED.get());
        for absent in [(name.clone(), format!("{value}x")), (format!("{name}x"), value.clone())] {
            DECODED.set(0);
            assert_eq!(table.find(&file, &absent.0, &absent.1), None);
            assert!(DECODED.get() <= 64, "{}", DECODED.get());
        }
    }
    assert!(table.iter(&file).map(|entry| entry.offset).eq(0..keys.len() as u64));
}

#[test]
fn an_unsorted_table_is_read_in_order() {
    let mut keys = keys();
    keys.reverse();
    let file = section(keys.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let table = OffsetTable::read(&file, 0).unwrap();
    for (number, (name, value)) in (0..).zip(&keys) {
        assert_eq!(table.find(&file, name, value).unwrap().offset, number);
        assert_eq!(table.find(&file, name, "x"), None);
    }
    keys.sort();
    assert!(
        table.iter(&file).map(|entry| entry.key()).eq(keys.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    );
}

#[test]
fn an_empty_table_has_nothing() {
    let file = section([]);
    let table = OffsetTable::read(&file, 0).unwrap();
    assert_eq!(table.find(&file, "", ""), None);
    assert_eq!(table.iter(&file).count(), 0);
}
