//! The text of `--help`.

use std::fmt::Write;

use super::{FLAGS, Flag, Kind, Meaning, Scope};

/// How wide the text is.
const WIDTH: usize = 100;
/// Where explanations begin.
const INDENT: usize = 8;

/// Explains all flags that are not hidden.
pub(crate) fn help() -> String {
    let mut out = String::from(
        "usage: promd [<flags>]\n       promd tool <command> ...   (promtool's commands; see promd tool --help)\n\n\
         Prometheus built again in Rust. Without a configuration file it scrapes itself.\n\nFlags:\n\
         \x20 -h, --help\n        Shows this.\n      --version\n        Shows the version.\n",
    );
    for flag in FLAGS.iter().filter(|flag| !flag.hidden) {
        // Writing to a string does not fail.
        let _ = writeln!(out, "      {}", synopsis(flag));
        wrapped(&mut out, &explanation(flag));
    }
    out
}

fn synopsis(flag: &Flag) -> String {
    let Flag { name, kind, default, .. } = flag;
    match kind {
        Kind::Switch => format!("--[no-]{name}"),
        Kind::List => format!("--{name}={default} ..."),
        Kind::Text => format!("--{name}=\"{default}\""),
        _ if default.is_empty() => format!("--{name}=<value>"),
        _ => format!("--{name}={default}"),
    }
}

fn explanation(flag: &Flag) -> String {
    let mut text = flag.help.to_owned();
    match flag.scope {
        Scope::Both => {}
        Scope::Server => text.push_str(" Use with server mode only."),
        Scope::Agent => text.push_str(" Use with agent mode only."),
    }
    if flag.meaning == Meaning::Void {
        text.push_str(" Accepted for Prometheus' sake; it changes nothing here.");
    }
    text
}

fn wrapped(out: &mut String, text: &str) {
    let mut column = 0;
    for word in text.split_whitespace() {
        if column > 0 && column + 1 + word.len() > WIDTH - INDENT {
            out.push('\n');
            column = 0;
        }
        if column == 0 {
            out.push_str(&" ".repeat(INDENT));
        } else {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += word.len();
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_fits_a_terminal() {
        let text = help();
        assert!(text.contains("      --[no-]web.enable-lifecycle\n        Allow"), "{text}");
        // A name with a long default takes the room that it needs.
        assert!(text.lines().filter(|line| line.starts_with("        ")).all(|line| line.len() <= WIDTH));
    }
}
