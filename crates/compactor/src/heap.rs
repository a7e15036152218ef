//! A binary heap that lets equal elements go in the same order as Go's `container/heap`.
//!
//! Where two blocks have a sample for the same millisecond, Prometheus keeps that of the iterator which leaves the heap
//! first. So which of the two is kept depends on how the heap moves elements that are equal, and to merge to the same bytes,
//! this one moves them in the same way: up to the root one parent at a time, down from it to the lesser child, the left one
//! of two equal ones. `std::collections::BinaryHeap` sinks to the bottom first and orders equal elements otherwise.

/// A heap of numbers (of sources, of chunks) whose order is asked of the caller, since what they stand for moves on.
#[derive(Debug, Default)]
pub(crate) struct Heap(Vec<usize>);

impl Heap {
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The least element.
    pub(crate) fn peek(&self) -> Option<usize> {
        self.0.first().copied()
    }

    pub(crate) fn push(&mut self, element: usize, less: impl Fn(usize, usize) -> bool) {
        let Self(all) = self;
        let mut at = all.len();
        all.push(element);
        while at > 0 {
            let parent = (at - 1) / 2;
            if !less(all[at], all[parent]) {
                break;
            }
            all.swap(at, parent);
            at = parent;
        }
    }

    /// Takes the least element.
    pub(crate) fn pop(&mut self, less: impl Fn(usize, usize) -> bool) -> Option<usize> {
        let Self(all) = self;
        let last = all.len().checked_sub(1)?;
        all.swap(0, last);
        let mut at = 0;
        loop {
            let left = 2 * at + 1;
            if left >= last {
                break;
            }
            let right = left + 1;
            let child = if right < last && less(all[right], all[left]) { right } else { left };
            if !less(all[child], all[at]) {
                break;
            }
            all.swap(at, child);
            at = child;
        }
        all.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pushes elements with keys, then takes them all, and returns the order in which they were pushed.
    #[track_caller]
    fn check(keys: &[i32], expect: &[usize]) {
        let mut heap = Heap::default();
        let less = |a: usize, b: usize| keys[a] < keys[b];
        for element in 0..keys.len() {
            heap.push(element, less);
        }
        let order: Vec<usize> = std::iter::from_fn(|| heap.pop(less)).collect();
        assert_eq!(order, expect);
    }

    // The expected orders were printed by a program on Go 1.19's container/heap.
    #[test]
    fn equal_elements_leave_as_they_do_in_go() {
        check(&[1, 1], &[0, 1]);
        check(&[1, 1, 1], &[0, 2, 1]);
        check(&[1, 1, 1, 1, 1], &[0, 4, 3, 2, 1]);
        check(&[2, 1, 2, 1, 2, 1], &[1, 3, 5, 0, 4, 2]);
        check(&[3, 3, 2, 2, 1, 1, 3, 2, 1], &[4, 8, 5, 7, 2, 3, 6, 1, 0]);
        check(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &[0, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
        check(&[5, 1, 5, 2, 5, 3, 5, 4, 5], &[1, 3, 5, 7, 2, 4, 8, 0, 6]);
        check(&[2, 2, 1, 3, 3, 2, 2, 1, 3, 1, 2], &[2, 7, 9, 1, 10, 6, 5, 0, 4, 8, 3]);
    }
}
