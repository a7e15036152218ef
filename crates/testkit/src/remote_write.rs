//! Samples for a server that takes remote write 1.0, by hand: nothing of promd stands between a test and what it sends.

/// A series to be written: its labels, and its samples with their times in milliseconds.
pub type Written<'a> = (&'a [(&'a str, &'a str)], &'a [(i64, f64)]);

/// The body: protobuf in a snappy block that is one literal.
pub(crate) fn body(series: &[Written<'_>]) -> Vec<u8> {
    let mut request = Vec::new();
    for (labels, samples) in series {
        let mut one = Vec::new();
        for (name, value) in *labels {
            let mut label = Vec::new();
            field(1, name.as_bytes(), &mut label);
            field(2, value.as_bytes(), &mut label);
            field(1, &label, &mut one);
        }
        for (t, v) in *samples {
            let mut sample = vec![0x09];
            sample.extend_from_slice(&v.to_le_bytes());
            sample.push(0x10);
            varint(t.cast_unsigned(), &mut sample);
            field(2, &sample, &mut one);
        }
        field(1, &one, &mut request);
    }
    let mut packed = Vec::new();
    varint(request.len() as u64, &mut packed);
    let last = u32::try_from(request.len().saturating_sub(1)).expect("a test sends little");
    // A literal whose length stands in four bytes.
    packed.push(63 << 2);
    packed.extend_from_slice(&last.to_le_bytes());
    packed.extend_from_slice(&request);
    packed
}

fn field(number: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(number << 3 | 2);
    varint(payload.len() as u64, out);
    out.extend_from_slice(payload);
}

fn varint(mut rest: u64, out: &mut Vec<u8>) {
    while rest > 127 {
        out.push(rest.to_le_bytes()[0] | 128);
        rest >>= 7;
    }
    out.push(rest.to_le_bytes()[0]);
}
