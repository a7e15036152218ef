//! The fixtures of `testdata/codec`; its README says how they were made.

use std::fs;

use promd_testkit::testdata;

/// The bytes of a fixture.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    fs::read(testdata("codec").join(name)).unwrap()
}

/// The lines of a fixture, each as `N` columns.
pub(crate) fn table<const N: usize>(name: &str) -> Vec<[String; N]> {
    let text = String::from_utf8(fixture(name)).unwrap();
    let row = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
    text.lines().map(row).collect()
}

/// Bytes from their hexadecimal digits.
pub(crate) fn unhex(digits: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.as_bytes().chunks(2).map(byte).collect()
}
