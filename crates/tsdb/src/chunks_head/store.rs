//! The files as what the head asks for.

use std::path::PathBuf;

use promd_block::{Consequence, Damage, Part, ReadChunk};
use promd_chunk::Encoding;

use super::{ChunkHead, ChunkPlace, HeadChunks};
use crate::TsdbError;
use crate::head::ChunkStore;

impl ChunkStore for HeadChunks {
    fn write(
        &self,
        reference: u64,
        min: i64,
        max: i64,
        encoding: Encoding,
        out_of_order: bool,
        bytes: &[u8],
    ) -> Result<u64, TsdbError> {
        let head = ChunkHead { series: reference, min, max, encoding, out_of_order };
        Ok(Self::write(self, &head, bytes)?.into())
    }

    fn read(&self, at: u64) -> Result<ReadChunk, Damage> {
        let place = ChunkPlace::from(at);
        match Self::read(self, place) {
            Ok(read) => Ok(ReadChunk { encoding: read.head.encoding, bytes: read.data }),
            Err(damage) => {
                let file = PathBuf::from("chunks_head").join(format!("{:06}", place.file));
                let mut found = Damage::new(file, Part::Chunk, damage.cause.to_string(), Consequence::ChunkMissing);
                found.offset = Some(place.offset.into());
                Err(found)
            }
        }
    }
}
