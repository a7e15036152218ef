use super::*;

/// The table by its definition, from another source: the categories and ages of `regex-syntax`.
fn printable_of_unicode_15() -> Vec<(u32, u32)> {
    let class = r"[[\p{L}\p{M}\p{N}\p{P}\p{S}\x20]&&\p{Age=15.0}]";
    let hir = regex_syntax::parse(class).unwrap();
    let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) = hir.into_kind() else {
        panic!("{class} is a class of characters");
    };
    class.iter().map(|range| (u32::from(range.start()), u32::from(range.end()))).collect()
}

#[test]
fn the_table_is_that_of_unicode_15() {
    let expected = printable_of_unicode_15();
    let text: String = expected.iter().map(|(first, last)| format!("    (0x{first:x}, 0x{last:x}),\n")).collect();
    assert!(PRINTABLE == expected, "the table ought to hold:\n{text}");
}

/// `testdata/model/quote.tsv` is Go's: the bytes of a text in hexadecimal, and what `strconv.Quote` makes of it.
#[test]
fn quotes_are_those_of_go() {
    let table = std::fs::read_to_string(promd_testkit::testdata("model/quote.tsv")).unwrap();
    for row in table.lines() {
        let (hex, quoted) = row.split_once('\t').unwrap();
        let bytes: Vec<u8> =
            (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
        assert_eq!(go(&bytes).to_string(), quoted, "{row}");
    }
    assert!(table.lines().count() > 400);
}
