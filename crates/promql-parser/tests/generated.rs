//! The tables of the parser and of the lexer are committed, so that whoever builds the crate builds no generator. This
//! makes them again from `src/parse/grammar.lalrpop` and `src/lex/raw.logos` and compares. `cargo xtask codegen` runs it
//! with `PROMD_CODEGEN=write`, which replaces them.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::path::{Path, PathBuf};
use std::{env, fs};

fn source(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(relative)
}

#[track_caller]
fn check(relative: &str, expect: &str) {
    let path = source(relative);
    if env::var_os("PROMD_CODEGEN").is_some_and(|mode| mode == "write") {
        fs::write(&path, expect).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == expect, "{} is out of date: run `cargo xtask codegen`", path.display());
}

/// Takes out what the generator says to lints: that is said, with a reason, where the module is declared (`parse.rs`).
fn without_allows(code: &str) -> String {
    let mut pieces = code.split("#[allow(");
    let mut rest = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (_, behind) = piece.split_once(")]").unwrap();
        rest.push_str(behind.strip_prefix('\n').unwrap_or(behind));
    }
    rest
}

/// A table of the rules that only give what is on the stack another name: the number of the nonterminal that they make of
/// it. The driver takes these by itself, since the generated code would move the symbol off the stack and on again.
fn renames(code: &str) -> String {
    let functions = |prefix: &'static str| {
        let pieces = code.split("\nfn ").filter_map(move |piece| piece.strip_prefix(prefix));
        pieces.filter_map(|piece| {
            let (number, rest) = piece.split_once('<')?;
            Some((number.parse::<usize>().ok()?, rest.split("\n}").next()?))
        })
    };
    let is_identity = |body: &str| body.contains("(_, __0, _)") && body.ends_with("{\n__0");
    let same: Vec<usize> =
        functions("__action").filter(|(_, body)| is_identity(body)).map(|(number, _)| number).collect();
    let between =
        |text: &str, open: &str, close: &str| Some(text.split_once(open)?.1.split_once(close)?.0.trim().to_owned());
    let rename = |body: &str| {
        let alone = !body.contains("__sym1") && body.contains("let __start = __sym0.0.clone();");
        let action: usize = between(body, "super::__action", ":")?.parse().ok()?;
        let (taken, given) = (between(body, "__pop_Variant", "(")?, between(body, "__Symbol::Variant", "(")?);
        let nonterminal = body.rsplit_once("(1, ")?.1.strip_suffix(')')?;
        (alone && same.contains(&action) && taken == given).then(|| format!("Some({nonterminal})"))
    };
    let mut rules: Vec<(usize, &str)> = functions("__reduce").collect();
    rules.sort_unstable();
    assert!(rules.iter().enumerate().all(|(index, (number, _))| index == *number) && same.len() > 1);
    let rows: String =
        rules.iter().map(|(_, body)| rename(body).unwrap_or_else(|| "None".to_owned()) + ",\n").collect();
    format!("\npub(crate) const RENAMES: [Option<u8>; {}] = [\n{rows}];\n", rules.len())
}

#[test]
fn the_tables_of_the_grammar_are_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in"), folder.path().join("out"));
    fs::create_dir(&from).unwrap();
    fs::copy(source("parse/grammar.lalrpop"), from.join("grammar.lalrpop")).unwrap();
    lalrpop::Configuration::new()
        .emit_comments(false)
        .emit_whitespace(false)
        .log_quiet()
        .set_in_dir(&from)
        .set_out_dir(&to)
        .process()
        .unwrap();
    let tables = fs::read_to_string(to.join("grammar.rs")).unwrap();
    // The tables are driven by `driver.rs` in the place of LALRPOP's own driver.
    let tables =
        tables.replace("extern crate lalrpop_util as __lalrpop_util;", "use crate::parse::driver as __lalrpop_util;");
    let tables: String = tables.split_inclusive('\n').filter(|line| !line.starts_with("// ")).collect();
    let tables = without_allows(&tables);
    let renames = renames(&tables);
    let head = "// Long: generated.\n// Made from `grammar.lalrpop` by `cargo xtask codegen`. Do not edit.\n";
    check("parse/generated.rs", &format!("{head}{tables}{renames}"));
}

#[test]
fn the_automaton_of_the_lexer_is_up_to_date() {
    let shapes = fs::read_to_string(source("lex/raw.logos")).unwrap();
    let mut file: syn::File = syn::parse_str("").unwrap();
    for item in syn::parse_file(&shapes).unwrap().items {
        let tokens: proc_macro2::TokenStream = quote::quote!(#item);
        let plain = logos_codegen::strip_attributes(tokens.clone());
        let automaton = logos_codegen::generate(tokens);
        file.items.extend(syn::parse2::<syn::File>(plain).unwrap().items);
        file.items.extend(syn::parse2::<syn::File>(automaton).unwrap().items);
    }
    let head = "// Long: generated.\n//! Made from `raw.logos` by `cargo xtask codegen`. Do not edit.\n\n";
    check("lex/raw.rs", &format!("{head}{}", prettyplease::unparse(&file)));
}
