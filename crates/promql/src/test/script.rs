//! The commands of a test script.

use promd_model::{Duration, float};
use promd_promql_parser::{Expr, Parser};

/// A command, and the line that it starts at.
#[derive(Debug)]
pub(super) enum Command<'a> {
    Clear,
    Load(Load<'a>),
    Eval(Eval<'a>),
    /// The script is wrong there.
    Bad {
        line: usize,
        error: String,
    },
}

#[derive(Debug)]
pub(super) struct Load<'a> {
    pub(super) line: usize,
    pub(super) step: i64,
    pub(super) with_nhcb: bool,
    pub(super) lines: Vec<&'a str>,
}

/// What is expected of annotations of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect<'a> {
    Some,
    Message(&'a str),
    Regex(&'a str),
}

#[derive(Debug, Default)]
pub(super) struct Eval<'a> {
    pub(super) line: usize,
    pub(super) text: &'a str,
    pub(super) start: i64,
    pub(super) end: i64,
    /// `None` for an instant query.
    pub(super) step: Option<i64>,
    pub(super) ordered: bool,
    pub(super) fail: Option<Expect<'a>>,
    pub(super) warns: Vec<Expect<'a>>,
    pub(super) infos: Vec<Expect<'a>>,
    pub(super) no_warn: bool,
    pub(super) no_info: bool,
    pub(super) string: Option<Box<str>>,
    /// Where the values of a range vector that an instant query returns stand.
    pub(super) range_vector: Option<(i64, i64)>,
    pub(super) results: Vec<&'a str>,
}

/// Reads a script. What is wrong in it becomes a command of its own.
pub(super) fn parse(text: &str) -> Vec<Command<'_>> {
    let mut commands = Vec::new();
    let mut lines =
        text.lines().map(|line| if line.trim().starts_with('#') { "" } else { line.trim() }).enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let mut block = Vec::new();
        let word = line.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        if !word.starts_with("clear") {
            while let Some((_, below)) = lines.next_if(|(_, below)| !below.is_empty()) {
                block.push(below);
            }
        }
        let number = number + 1;
        let command = match word.as_str() {
            "clear" => Ok(Command::Clear),
            _ if word.starts_with("load") => load(number, line, block).map(Command::Load),
            _ if word.starts_with("eval") => eval(number, line, block).map(Command::Eval),
            _ => Err(format!("unknown command {word:?}")),
        };
        commands.push(command.unwrap_or_else(|error| Command::Bad { line: number, error }));
    }
    commands
}

fn load<'a>(number: usize, line: &'a str, lines: Vec<&'a str>) -> Result<Load<'a>, String> {
    let mut words = line.split_whitespace();
    let with_nhcb = words.next() == Some("load_with_nhcb");
    let step = millis(words.next().ok_or("load needs a step")?)?;
    Ok(Load { line: number, step, with_nhcb, lines })
}

/// The first word of a text, and what follows it.
fn word(text: &str) -> (&str, &str) {
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (first, rest.trim_start())
}

fn eval<'a>(number: usize, line: &'a str, lines: Vec<&'a str>) -> Result<Eval<'a>, String> {
    let mut eval = Eval { line: number, ..Eval::default() };
    let (command, rest) = word(line);
    match command.trim_start_matches("eval").trim_start_matches('_') {
        "" => {}
        "fail" => eval.fail = Some(Expect::Some),
        "warn" => eval.warns.push(Expect::Some),
        "info" => eval.infos.push(Expect::Some),
        "ordered" => eval.ordered = true,
        other => return Err(format!("unknown modifier {other:?}")),
    }
    let (kind, mut rest) = word(rest);
    let mut next = |keyword: &str| {
        let (found, behind) = word(rest);
        if found != keyword {
            return Err(format!("expected {keyword:?}, got {found:?}"));
        }
        let (time, behind) = word(behind);
        rest = behind;
        millis(time)
    };
    match kind {
        "instant" => {
            eval.start = next("at")?;
            eval.end = eval.start;
        }
        "range" => {
            (eval.start, eval.end) = (next("from")?, next("to")?);
            eval.step = Some(next("step")?);
        }
        other => return Err(format!("expected instant or range, got {other:?}")),
    }
    eval.text = rest;
    for line in lines {
        if let Some(expectation) = line.strip_prefix("expect ") {
            expect(&mut eval, expectation.trim())?;
        } else if let Some(text) = line.strip_prefix("expected_fail_message ") {
            eval.fail = Some(Expect::Message(text.trim()));
        } else if let Some(text) = line.strip_prefix("expected_fail_regexp ") {
            eval.fail = Some(Expect::Regex(text.trim()));
        } else {
            eval.results.push(line);
        }
    }
    Ok(eval)
}

fn expect<'a>(eval: &mut Eval<'a>, text: &'a str) -> Result<(), String> {
    let (kind, rest) = word(text);
    let detail = match rest.split_once(':') {
        Some(("msg", message)) => Expect::Message(message.trim()),
        Some(("regex", regex)) => Expect::Regex(regex.trim()),
        _ => Expect::Some,
    };
    match kind {
        "ordered" => eval.ordered = true,
        "fail" => eval.fail = Some(detail),
        "warn" => eval.warns.push(detail),
        "info" => eval.infos.push(detail),
        "no_warn" => eval.no_warn = true,
        "no_info" => eval.no_info = true,
        "string" => eval.string = Some(string(rest)?),
        "range" => {
            let words: Vec<&str> = rest.split_whitespace().collect();
            let ["vector", "from", from, "to", _, "step", step] = words[..] else {
                return Err(format!("bad range vector: {rest:?}"));
            };
            eval.range_vector = Some((millis(from)?, millis(step)?));
        }
        other => return Err(format!("unknown expectation {other:?}")),
    }
    Ok(())
}

/// A text in double quotes or in backquotes.
fn string(quoted: &str) -> Result<Box<str>, String> {
    let parsed = Parser::default().parse(quoted).ok().filter(|_| !quoted.starts_with('\''));
    match parsed {
        Some(Expr::String(literal)) => Ok(literal.value),
        _ => Err(format!("a text in quotes is needed, not {quoted:?}")),
    }
}

/// A duration with a sign, or seconds.
fn millis(text: &str) -> Result<i64, String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let duration =
        digits.parse::<Duration>().ok().or_else(|| Duration::from_secs_f64(float::parse(digits.as_bytes()).ok()?));
    let millis = duration.ok_or_else(|| format!("bad duration: {text:?}"))?.as_millis();
    Ok(if negative { -millis } else { millis })
}
