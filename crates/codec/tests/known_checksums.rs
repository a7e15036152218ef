//! CRC-32C against the answers of RFC 3720 (iSCSI), appendix B.4.

use promd_codec::{Crc32c, DecodeErrorKind, Reader, Writer, crc32c};

#[track_caller]
fn check(bytes: &[u8], expect: u32) {
    assert_eq!(crc32c(bytes), expect);
    for cut in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        let mut crc = Crc32c::new();
        crc.update(head);
        crc.update(tail);
        assert_eq!(crc.finish(), expect, "cut at {cut}");
    }
}

/// The RFC lists the bytes in the order of transmission; as numbers they are these.
#[test]
fn rfc_3720() {
    check(&[0; 32], 0x8a91_36aa);
    check(&[0xff; 32], 0x62a8_ab43);
    check(&std::array::from_fn::<u8, 32, _>(|i| u8::try_from(i).unwrap_or(0)), 0x46dd_794e);
    check(&std::array::from_fn::<u8, 32, _>(|i| u8::try_from(31 - i).unwrap_or(0)), 0x113f_db5c);
    let mut read_command = [0u8; 48];
    read_command[..2].copy_from_slice(&[0x01, 0xc0]);
    read_command[16] = 0x14;
    read_command[22] = 0x04;
    read_command[27] = 0x14;
    read_command[31] = 0x18;
    read_command[32] = 0x28;
    read_command[40] = 0x02;
    check(&read_command, 0xd996_3a56);
}

#[test]
fn no_bytes() {
    check(b"", 0);
}

#[test]
fn a_stored_checksum_that_does_not_match_names_both() {
    let mut bytes = b"123456789".to_vec();
    Writer::new(&mut bytes).put_crc32c_from(0);
    let (covered, stored) = bytes.split_at(9);
    assert_eq!(Reader::new(stored).crc32c_of(covered), Ok(()));

    let mut reader = Reader::with_offset(stored, 9);
    let error = reader.crc32c_of(b"123456780").unwrap_err();
    // The check value of CRC-32C over "123456789".
    let DecodeErrorKind::ChecksumMismatch { stored: 0xe306_9283, computed } = error.kind() else { panic!("{error}") };
    assert_eq!(error.to_string(), format!("checksum mismatch: stored e3069283, computed {computed:08x} at offset 9"));
    assert_eq!(reader.position(), 9);
}
