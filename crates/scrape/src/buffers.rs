//! Memory that scrapes use in turns.

use parking_lot::Mutex;
use promd_codec::compress::Decoder;

use crate::append::Workspace;

/// How many things of a kind are kept for the next scrape.
const KEPT: usize = 64;
/// How large a buffer may be that is kept: one huge body should not be paid for for ever.
const KEPT_BYTES: usize = 8 << 20;

/// What a body needs to be gone over.
#[derive(Debug, Default)]
pub(crate) struct Bench {
    pub(crate) work: Workspace,
    pub(crate) decoder: Decoder,
    pub(crate) decoded: Vec<u8>,
}

/// Buffers for bodies, and benches to go over them.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    bodies: Mutex<Vec<Vec<u8>>>,
    benches: Mutex<Vec<Bench>>,
}

impl Buffers {
    /// An empty buffer.
    pub(crate) fn body(&self) -> Vec<u8> {
        self.bodies.lock().pop().unwrap_or_default()
    }

    pub(crate) fn keep_body(&self, mut body: Vec<u8>) {
        body.clear();
        let mut bodies = self.bodies.lock();
        if body.capacity() <= KEPT_BYTES && bodies.len() < KEPT {
            bodies.push(body);
        }
    }

    pub(crate) fn bench(&self) -> Bench {
        self.benches.lock().pop().unwrap_or_default()
    }

    pub(crate) fn keep_bench(&self, mut bench: Bench) {
        if bench.decoded.capacity() > KEPT_BYTES {
            bench.decoded = Vec::new();
        }
        let mut benches = self.benches.lock();
        if benches.len() < KEPT && bench.work.is_worth_keeping() {
            benches.push(bench);
        }
    }
}
