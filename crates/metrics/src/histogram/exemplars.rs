//! Which examples a native histogram keeps.
//!
//! A few, spread over the values (`prometheus/histogram.go` of client_golang): when there is one too many, the oldest
//! leaves if its time is over; else one of the two that are nearest to each other on a logarithmic scale does.

use std::time::Duration;

use crate::exemplar::Exemplar;

#[derive(Debug)]
pub(super) struct NativeExemplars {
    /// By ascending value; all with a timestamp.
    kept: Vec<Exemplar>,
    max: usize,
    ttl: Duration,
}

impl NativeExemplars {
    pub(super) fn new(max: usize, ttl: Duration) -> NativeExemplars {
        NativeExemplars { kept: Vec::new(), max, ttl }
    }

    pub(super) fn as_slice(&self) -> &[Exemplar] {
        &self.kept
    }

    pub(super) fn add(&mut self, exemplar: &Exemplar) {
        if self.max == 0 || exemplar.timestamp().is_none() {
            return;
        }
        if self.kept.len() >= self.max {
            let leaves = self.who_leaves(exemplar);
            if leaves < self.kept.len() {
                self.kept.remove(leaves);
            }
        }
        let place = self.kept.partition_point(|kept| kept.value() < exemplar.value());
        self.kept.insert(place, exemplar.clone());
    }

    fn who_leaves(&self, incoming: &Exemplar) -> usize {
        let age = |kept: &Exemplar| match (incoming.timestamp(), kept.timestamp()) {
            (Some(now), Some(then)) => now.duration_since(then).unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let oldest = self.kept.iter().enumerate().min_by_key(|(_, kept)| kept.timestamp());
        if let Some((at, oldest)) = oldest
            && (self.kept.len() == 1 || self.ttl.is_zero() || age(oldest) > self.ttl)
        {
            return at;
        }
        let distance = |a: &Exemplar, b: &Exemplar| (a.value().ln() - b.value().ln()).abs();
        let mut leaves = 0;
        let mut nearest = f64::INFINITY;
        for (at, (a, b)) in self.kept.iter().zip(self.kept.iter().skip(1)).enumerate() {
            if distance(a, b) < nearest {
                nearest = distance(a, b);
                leaves = if b.timestamp() < a.timestamp() { at + 1 } else { at };
            }
        }
        // The incoming one stays; if it is nearer to a neighbour than any two others are, that neighbour leaves.
        let place = self.kept.partition_point(|kept| kept.value() < incoming.value());
        for at in [place.checked_sub(1), Some(place)].into_iter().flatten() {
            if let Some(neighbour) = self.kept.get(at)
                && distance(neighbour, incoming) < nearest
            {
                nearest = distance(neighbour, incoming);
                leaves = at;
            }
        }
        leaves
    }
}
