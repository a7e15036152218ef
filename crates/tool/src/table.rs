//! Columns of text under each other.

use std::io::{self, Write};

/// The least width of a column, and what stands between two.
const LEAST: usize = 13;
const BETWEEN: usize = 2;

/// Writes rows with their cells under each other, as Prometheus' tools do: no column is narrower than 13, and the last one is
/// not filled up.
pub(crate) fn write<const N: usize>(out: &mut dyn Write, rows: &[[String; N]]) -> io::Result<()> {
    let mut widths = [LEAST; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count() + BETWEEN);
        }
    }
    for row in rows {
        for (number, (width, cell)) in widths.iter().zip(row).enumerate() {
            let width = if number + 1 == N { 0 } else { *width };
            write!(out, "{cell:<width$}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["A".to_owned(), "B".to_owned()], ["a very long cell".to_owned(), "b".to_owned()]];
        let mut out = Vec::new();
        super::write(&mut out, &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "A                 B\na very long cell  b\n");
    }
}
