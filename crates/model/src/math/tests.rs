use super::*;
use promd_testkit::testdata;

fn float(bits: &str) -> f64 {
    f64::from_bits(u64::from_str_radix(bits, 16).unwrap())
}

#[track_caller]
fn check(what: &str, got: f64, expect: f64) {
    assert!(got.to_bits() == expect.to_bits() || got.is_nan() && expect.is_nan(), "{what} is {got:e}, not {expect:e}");
}

#[test]
fn the_bits_of_go() {
    let table = std::fs::read_to_string(testdata("model/math.tsv")).unwrap();
    for line in table.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [x, log, y, power, fraction, exponent, product] = fields[..] else { panic!("no row: {line}") };
        check(&format!("log2({x})"), log2(float(x)), float(log));
        check(&format!("exp2({y})"), exp2(float(y)), float(power));
        let exponent = exponent.parse().unwrap();
        check(&format!("ldexp({fraction}, {exponent})"), ldexp(float(fraction), exponent), float(product));
    }
}

type Function = fn(f64) -> f64;

#[test]
fn functions_as_in_go() {
    let table = std::fs::read_to_string(testdata("model/functions.tsv")).unwrap();
    let functions: [(&str, Function); 17] = [
        ("Acos", acos),
        ("Acosh", acosh),
        ("Asin", asin),
        ("Asinh", asinh),
        ("Atan", atan),
        ("Atanh", atanh),
        ("Cos", cos),
        ("Cosh", cosh),
        ("Exp", exp),
        ("Log", ln),
        ("Log10", log10),
        ("Log1p", ln_1p),
        ("Sin", sin),
        ("Sinh", sinh),
        ("Tan", tan),
        ("Tanh", tanh),
        ("Log2", log2),
    ];
    let mut rows = 0;
    for line in table.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let x = float(fields[1]);
        match (fields[0], &fields[2..]) {
            ("Pow", [y, result]) => check(&format!("pow({x:e}, {:e})", float(y)), pow(x, float(y)), float(result)),
            ("Atan2", [y, result]) => {
                check(&format!("atan2({x:e}, {:e})", float(y)), atan2(x, float(y)), float(result));
            }
            (name, [result]) => {
                let (_, function) = functions.iter().find(|(known, _)| *known == name).unwrap();
                check(&format!("{name}({x:e})"), function(x), float(result));
            }
            _ => panic!("no row: {line}"),
        }
        rows += 1;
    }
    assert!(rows > 3_000, "{rows} rows");
}

#[test]
fn special_numbers() {
    // The special cases that the documentation of Go's `math` promises.
    for (x, expect) in [
        (0.0, f64::NEG_INFINITY),
        (-0.0, f64::NEG_INFINITY),
        (-1.0, f64::NAN),
        (f64::NAN, f64::NAN),
        (f64::INFINITY, f64::INFINITY),
        (1.0, 0.0),
        (f64::from_bits(1), -1074.0),
        (1024.0, 10.0),
    ] {
        check(&format!("log2({x})"), log2(x), expect);
    }
    for (x, expect) in [
        (f64::INFINITY, f64::INFINITY),
        (f64::NEG_INFINITY, 0.0),
        (f64::NAN, f64::NAN),
        (1024.0, f64::INFINITY),
        (-1075.0, 0.0),
        (-1074.0, f64::from_bits(1)),
        (0.0, 1.0),
        (10.0, 1024.0),
    ] {
        check(&format!("exp2({x})"), exp2(x), expect);
    }
    for (fraction, exponent, expect) in [
        (-0.0, 5, -0.0),
        (f64::INFINITY, -5000, f64::INFINITY),
        (1.0, i64::MAX, f64::INFINITY),
        (-1.0, i64::MIN, -0.0),
        (1.0, 1023, f64::MAX / (2.0 - f64::EPSILON)),
        (f64::from_bits(1), 1074, 1.0),
        (0.75, -1073, f64::from_bits(2)),
    ] {
        check(&format!("ldexp({fraction}, {exponent})"), ldexp(fraction, exponent), expect);
    }
}
