//! Replays, through the bodies of the fuzz targets, every seed and every input that once failed.

use std::fs;
use std::path::Path;

macro_rules! replay {
    ($($target:ident => $body:path),+ $(,)?) => {
        $(#[test]
        fn $target() {
            replay(stringify!($target), |bytes| $body(bytes));
        })+
    };
}

fn replay(target: &str, body: impl Fn(&[u8])) {
    let mut inputs = 0;
    for folder in ["seeds", "regressions"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target);
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            body(&fs::read(&path).unwrap());
            inputs += 1;
        }
    }
    assert!(inputs > 0, "no input for {target}");
}

replay! {
    model_duration => promd_fuzz::model::model_duration,
    model_escape => promd_fuzz::model::model_escape,
    model_float => promd_fuzz::model::model_float,
    model_labels => promd_fuzz::model::model_labels,
}
