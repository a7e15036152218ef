//! Label sets against the plainest model of one: a sorted map.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use promd_model::{Labels, LabelsBuilder, LabelsRef};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use xxhash_rust::xxh64::xxh64;

type Model = BTreeMap<String, String>;

/// Few names, so that edits meet; lengths on both sides of where the form of a length changes.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-d]{1,2}",
        1 => Just("__name__".to_owned()),
        1 => "\\PC{1,3}",
        1 => (250..260usize).prop_map(|len| "n".repeat(len)),
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[x-z]{0,3}",
        1 => "\\PC{0,3}",
        1 => (250..260usize).prop_map(|len| "v".repeat(len)),
        1 => (65_530..65_540usize).prop_map(|len| "w".repeat(len)),
    ]
}

fn model() -> impl Strategy<Value = Model> {
    btree_map(name(), value(), 0..6)
}

fn labels(model: &Model) -> Labels {
    Labels::from_pairs(model).unwrap()
}

fn pairs(labels: &Labels) -> Vec<(&str, &str)> {
    labels.iter().map(|label| (label.name, label.value)).collect()
}

fn model_pairs(model: &Model) -> Vec<(&str, &str)> {
    model.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The packed form, written in the most obvious way.
fn naive_packed(model: &Model) -> Vec<u8> {
    let mut packed = Vec::new();
    for text in model.iter().flat_map(|(name, value)| [name, value]) {
        match text.len() {
            len @ 0..255 => packed.push(u8::try_from(len).unwrap()),
            len => {
                let prefix = [255, len % 256, len / 256 % 256, len / 65_536];
                packed.extend(prefix.map(|byte| u8::try_from(byte).unwrap()));
            }
        }
        packed.extend(text.bytes());
    }
    packed
}

fn naive_hash<'a>(pairs: impl IntoIterator<Item = (&'a String, &'a String)>) -> u64 {
    let mut bytes = Vec::new();
    for (name, value) in pairs {
        bytes.extend([name.as_bytes(), b"\xff", value.as_bytes(), b"\xff"].concat());
    }
    xxh64(&bytes, 0)
}

#[derive(Debug, Clone)]
enum Edit {
    Set(String, String),
    Remove(String),
    Retain(Vec<String>),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        6 => (name(), value()).prop_map(|(name, value)| Edit::Set(name, value)),
        3 => name().prop_map(Edit::Remove),
        1 => vec(name(), 0..8).prop_map(Edit::Retain),
    ]
}

proptest! {
    #[test]
    fn a_set_holds_what_a_map_holds(model in model(), absent in name()) {
        let labels = labels(&model);
        prop_assert_eq!(pairs(&labels), model_pairs(&model));
        prop_assert_eq!((labels.len(), labels.is_empty()), (model.len(), model.is_empty()));
        for name in model.keys().chain([&absent]) {
            prop_assert_eq!(labels.get(name), model.get(name).map(String::as_str));
        }
    }

    #[test]
    fn packed_bytes_come_back(model in model()) {
        let labels = labels(&model);
        prop_assert_eq!(labels.as_packed(), naive_packed(&model));
        prop_assert_eq!(LabelsRef::from_packed(labels.as_packed()), Ok(labels.view()));
        prop_assert_eq!(Labels::from_packed(labels.as_packed()), Ok(labels));
    }

    /// Either the bytes are refused, or they are exactly those of the labels that they hold.
    #[test]
    fn arbitrary_bytes_are_refused_or_kept(model in model(), at: proptest::sample::Index, byte: u8) {
        let mut packed = naive_packed(&model);
        prop_assume!(!packed.is_empty());
        let at = at.index(packed.len());
        packed[at] = byte;
        if let Ok(labels) = Labels::from_packed(&packed) {
            let model: Model = labels.iter().map(|label| (label.name.to_owned(), label.value.to_owned())).collect();
            prop_assert_eq!(naive_packed(&model), packed);
        }
    }

    #[test]
    fn hashes_are_those_of_the_naive_bytes(model in model(), names in vec(name(), 0..6)) {
        let labels = labels(&model);
        let mut names = names;
        names.sort();
        prop_assert_eq!(labels.hash(), xxh64(&naive_packed(&model), 0));
        prop_assert_eq!(labels.stable_hash(), naive_hash(&model));
        prop_assert_eq!(labels.hash_for(&names), naive_hash(model.iter().filter(|(name, _)| names.contains(name))));
        let others = model.iter().filter(|(name, _)| !names.contains(name) && *name != "__name__");
        prop_assert_eq!(labels.hash_without(&names), naive_hash(others));
    }

    #[test]
    fn sets_are_ordered_as_lists_of_their_pairs(a in model(), b in model()) {
        let (set_a, set_b) = (labels(&a), labels(&b));
        prop_assert_eq!(set_a.cmp(&set_b), model_pairs(&a).cmp(&model_pairs(&b)));
        prop_assert_eq!(set_a == set_b, a == b);
    }

    #[test]
    fn a_builder_does_what_a_map_does(rounds in vec((model(), vec(edit(), 0..8)), 1..3)) {
        let mut builder = LabelsBuilder::new();
        for (mut model, edits) in rounds {
            builder.reset(&labels(&model));
            model.retain(|_, value| !value.is_empty());
            for edit in edits {
                match edit {
                    Edit::Set(name, value) => {
                        builder.set(&name, &value);
                        if value.is_empty() { model.remove(&name) } else { model.insert(name, value) };
                    }
                    Edit::Remove(name) => {
                        builder.remove(&name);
                        model.remove(&name);
                    }
                    Edit::Retain(names) => {
                        builder.retain(|name| names.iter().any(|kept| kept == name));
                        model.retain(|name, _| names.contains(name));
                    }
                }
                for (name, value) in &model {
                    prop_assert_eq!(builder.get(name), Some(value.as_str()));
                }
            }
            let listed: Vec<(&str, &str)> = builder.iter().map(|label| (label.name, label.value)).collect();
            prop_assert_eq!(listed, model_pairs(&model));
            prop_assert_eq!(builder.view().unwrap().to_labels(), labels(&model));
            prop_assert_eq!(builder.build().unwrap(), labels(&model));
        }
    }
}
