//! Small pieces of memory that are chained.
//!
//! Chunks grow together and are written away together. Buffers that grow would leave holes of their old sizes; cells of one
//! size fit everywhere, need no copying when a chunk grows, and a page of which no cell is in use goes back to the allocator.
//! Cells are taken from the lowest page that has one, so that the highest pages run empty.

use std::collections::BTreeSet;

/// No cell.
pub(super) const NONE: u32 = u32::MAX;

/// A page is as large as something that allocators have a size for, and nearly full of cells.
const PAGE: usize = 8192;

/// How many cells of `size` bytes a page has room for, each with the number of another one, beside its own two numbers.
pub(super) const fn per_page(size: usize) -> usize {
    (PAGE - 2 * size_of::<u32>()) / (size + size_of::<u32>())
}

/// Cells of `N` bytes, each with the number of another one, `M` of them in a page: as many as [`per_page`] says.
#[derive(Debug, Default)]
pub(super) struct Cells<const N: usize, const M: usize> {
    pages: Vec<Option<Box<Page<N, M>>>>,
    /// Pages with a free cell.
    partial: BTreeSet<u32>,
    /// Places in `pages` without a page.
    vacant: Vec<u32>,
}

#[derive(Debug)]
struct Page<const N: usize, const M: usize> {
    cells: [[u8; N]; M],
    /// The next cell of a chain; of a free cell, the next free one of the page.
    next: [u32; M],
    free: u32,
    used: u32,
}

impl<const N: usize, const M: usize> Page<N, M> {
    const FITS: () = assert!(M == per_page(N) && size_of::<Self>() <= PAGE);

    fn new() -> Self {
        const { Self::FITS };
        let mut next = [NONE; M];
        // The last one keeps `NONE`.
        next.iter_mut().take(M - 1).zip(1..).for_each(|(next, following)| *next = following);
        Self { cells: [[0; N]; M], next, free: 0, used: 0 }
    }
}

impl<const N: usize, const M: usize> Cells<N, M> {
    /// A cell, with whatever is in it.
    #[expect(clippy::cast_possible_truncation, reason = "so many pages do not fit into memory")]
    pub(super) fn take(&mut self) -> u32 {
        let number = match self.partial.first() {
            Some(number) => *number,
            None => {
                let page = Some(Box::new(Page::new()));
                let number = match self.vacant.pop() {
                    Some(number) => {
                        self.pages[number as usize] = page;
                        number
                    }
                    None => {
                        self.pages.push(page);
                        (self.pages.len() - 1) as u32
                    }
                };
                self.partial.insert(number);
                number
            }
        };
        let page = self.page_mut(number as usize);
        let at = page.free;
        page.free = std::mem::replace(&mut page.next[at as usize], NONE);
        page.used += 1;
        if page.free == NONE {
            self.partial.remove(&number);
        }
        number * M as u32 + at
    }

    /// Frees a chain.
    pub(super) fn release(&mut self, first: u32) {
        let mut cell = first;
        while cell != NONE {
            let next = self.next(cell);
            self.release_one(cell);
            cell = next;
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a cell has a number of 32 bits")]
    fn release_one(&mut self, cell: u32) {
        let (number, at) = Self::split(cell);
        let page = self.page_mut(number);
        page.next[at] = page.free;
        page.free = at as u32;
        page.used -= 1;
        let empty = page.used == 0;
        let number = number as u32;
        self.partial.insert(number);
        // One page is kept, so that a chunk that comes and goes does not take the allocator along.
        if empty && self.partial.len() > 1 {
            self.partial.remove(&number);
            self.pages[number as usize] = None;
            self.vacant.push(number);
        }
    }

    /// The bytes of a cell.
    pub(super) fn get(&self, cell: u32) -> &[u8; N] {
        let (number, at) = Self::split(cell);
        &self.page(number).cells[at]
    }

    /// The bytes of a cell, to be written.
    pub(super) fn get_mut(&mut self, cell: u32) -> &mut [u8; N] {
        let (number, at) = Self::split(cell);
        &mut self.page_mut(number).cells[at]
    }

    /// The cell behind this one.
    pub(super) fn next(&self, cell: u32) -> u32 {
        let (number, at) = Self::split(cell);
        self.page(number).next[at]
    }

    /// Puts a cell behind this one.
    pub(super) fn link(&mut self, cell: u32, next: u32) {
        let (number, at) = Self::split(cell);
        self.page_mut(number).next[at] = next;
    }

    /// Appends the first `length` bytes of a chain.
    pub(super) fn gather(&self, first: u32, length: usize, into: &mut Vec<u8>) {
        let (mut cell, mut left) = (first, length);
        while left > 0 && cell != NONE {
            let some = left.min(N);
            into.extend_from_slice(&self.get(cell)[..some]);
            left -= some;
            cell = self.next(cell);
        }
    }

    /// The memory that is held.
    pub(super) fn heap_bytes(&self) -> usize {
        (self.pages.len() - self.vacant.len()) * size_of::<Page<N, M>>() + self.pages.capacity() * size_of::<usize>()
    }

    const fn split(cell: u32) -> (usize, usize) {
        (cell as usize / M, cell as usize % M)
    }

    fn page(&self, number: usize) -> &Page<N, M> {
        self.pages[number].as_deref().expect("a page stays as long as one of its cells is in use")
    }

    fn page_mut(&mut self, number: usize) -> &mut Page<N, M> {
        self.pages[number].as_deref_mut().expect("a page stays as long as one of its cells is in use")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_keep_their_bytes_and_empty_pages_go() {
        let mut cells = Cells::<16, { per_page(16) }>::default();
        let chain: Vec<u32> = (0..2000).map(|_| cells.take()).collect();
        for (number, cell) in chain.iter().enumerate() {
            cells.get_mut(*cell).fill(u8::try_from(number % 251).unwrap());
        }
        chain.windows(2).for_each(|pair| cells.link(pair[0], pair[1]));
        let mut bytes = Vec::new();
        cells.gather(chain[0], 16 * 1999 + 3, &mut bytes);
        assert_eq!(bytes.len(), 16 * 1999 + 3);
        assert!(bytes.iter().enumerate().all(|(at, byte)| usize::from(*byte) == at / 16 % 251));
        let full = cells.heap_bytes();
        cells.release(chain[0]);
        assert!(cells.heap_bytes() < full / 3, "{} of {full}", cells.heap_bytes());
        // A page that went can come again.
        let again: Vec<u32> = (0..600).map(|_| cells.take()).collect();
        assert_eq!(again.iter().collect::<BTreeSet<_>>().len(), 600);
    }
}
