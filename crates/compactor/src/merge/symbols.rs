//! The symbols of all sources.

use promd_block::BlockError;

/// The symbol that each source stands on: a number of sources is small, so the least is looked for.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    heads: Vec<Head>,
}

#[derive(Debug)]
struct Head {
    symbol: String,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The symbol was handed out: the source is to be asked for the next.
    Due,
    /// The symbol was not handed out.
    Waiting,
    /// The source has no more symbols.
    Ended,
}

impl Symbols {
    /// Puts the least symbol that was not handed out into `symbol`; `false` if there is none.
    pub(super) fn next<S>(
        &mut self,
        sources: &mut [S],
        mut ask: impl FnMut(&mut S, &mut String) -> Result<bool, BlockError>,
        symbol: &mut String,
    ) -> Result<bool, BlockError> {
        self.heads.resize_with(sources.len(), || Head { symbol: String::new(), state: State::Due });
        for (head, source) in self.heads.iter_mut().zip(sources) {
            if head.state == State::Due {
                head.state = if ask(source, &mut head.symbol)? { State::Waiting } else { State::Ended };
            }
        }
        symbol.clear();
        let waiting = || self.heads.iter().filter(|head| head.state == State::Waiting);
        let Some(least) = waiting().map(|head| head.symbol.as_str()).min() else { return Ok(false) };
        symbol.push_str(least);
        for head in &mut self.heads {
            if head.state == State::Waiting && head.symbol == *symbol {
                head.state = State::Due;
            }
        }
        Ok(true)
    }
}
