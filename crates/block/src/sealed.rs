//! Small JSON files of our own that know their checksum.
//!
//! ```json
//! {"crc32c":"0d3a5bc1","content":{"version":1}}
//! ```
//!
//! The checksum is that of the bytes of the content, as they stand in the file. So the file stays JSON for everybody, and
//! each byte that means something is covered.

use promd_codec::crc32c;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// The largest file of this kind that is read: far above what is written, far below what hurts.
pub(crate) const MAX_LEN: u64 = 64 << 20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    crc32c: String,
    content: Box<RawValue>,
}

/// What is wrong with a sealed file: a text, and the two checksums if that is what differs.
#[derive(Debug)]
pub(crate) struct SealBroken {
    pub(crate) what: String,
    pub(crate) values: Option<(String, String)>,
}

/// The bytes of a file with this content.
pub(crate) fn seal<T: Serialize>(content: &T) -> Result<Vec<u8>, serde_json::Error> {
    let content = serde_json::value::to_raw_value(content)?;
    let mut bytes = serde_json::to_vec(&Sealed { crc32c: checksum(&content), content })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The content of a file.
pub(crate) fn open<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, SealBroken> {
    let broken = |error: serde_json::Error| SealBroken { what: error.to_string(), values: None };
    let sealed: Sealed = serde_json::from_slice(bytes).map_err(broken)?;
    let computed = checksum(&sealed.content);
    if computed != sealed.crc32c {
        return Err(SealBroken { what: "checksum mismatch".into(), values: Some((computed, sealed.crc32c)) });
    }
    serde_json::from_str(sealed.content.get()).map_err(broken)
}

fn checksum(content: &RawValue) -> String {
    format!("{:08x}", crc32c(content.get().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flipped_byte_is_believed() {
        let sealed = seal(&vec!["some", "content"]).unwrap();
        assert_eq!(open::<Vec<String>>(&sealed).unwrap(), ["some", "content"]);
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 0x20;
            // White space around the document means nothing: 0x0a ^ 0x20 is none.
            if let Ok(content) = open::<Vec<String>>(&flipped) {
                assert_eq!(content, ["some", "content"], "byte {at}");
            }
        }
    }
}
