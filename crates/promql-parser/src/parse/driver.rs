//! What walks the tables of the grammar.
//!
//! The tables are LALRPOP's, but LALRPOP's driver would stop at another place than Prometheus does, and say something else:
//! Prometheus' parser (goyacc) reduces by default. In a state where a rule is complete it goes on with that rule whatever
//! comes next, so that an unexpected token is noticed where nothing but certain tokens may follow, and it is told what was
//! expected *there*. This driver does the same, though only once something is wrong:
//!
//! - A token without an action is first met with the default of the state: the rule that most tokens would complete. A
//!   state that has an error rule has no default.
//! - What is said is that of the innermost open rule that has an error rule (`!` in the grammar).
//! - Where a rule is complete for sure, what it finds wrong comes before what the lexer finds wrong with the next token.
//!
//! Going on is another matter. Prometheus drops what is open; here nothing is dropped. If an operand would make the token
//! acceptable, [`Token::Missing`] is put in front of it; if an operator would, as between the two expressions `a b`,
//! [`Token::Or`] is, without any text, which makes an error node of both; or first the one and then the other. A comma where
//! no list is, and a match where no label is, are taken for such an operator themselves. What stands where only an operand
//! could is taken for one. Otherwise the token is skipped; and at the end of the text whatever is open is closed. So that an
//! operator can be put in, default reductions end where one could still follow: what is beyond finds nothing wrong and says
//! the same.
//!
//! Where a token could be taken so, the parser is in step with the text again, and the next error is one of its own. Where
//! one was skipped or replaced, nothing is reported until a token is taken, since it would be a consequence.
//!
//! Whether a token would be taken is tried on the states alone. With many open prefixes a try is as long as the text; so
//! tries live on what the tokens read so far allow ([`FUEL`]), and the time stays linear.
//!
//! `docs/decisions/0004-promql-errors.md` has the reasons and figures.
//!
//! The module stands in the place of the crate `lalrpop-util`, and its items are called what the generated code calls them.

use state_machine::{ParserAction, ParserDefinition};

use super::generated::RENAMES;
use super::token::Token;
use crate::Span;
use crate::error::{ErrorKind, MAX_ERRORS};
use crate::lex::LexError;

/// How many steps of trying what would be taken each token pays for.
const FUEL: usize = 64;

/// How much may be open at once. Trees are bounded by the options; this bounds what comes before a tree.
const MAX_OPEN: usize = 1 << 17;

/// What stands on the stack for `!`: what to report.
#[derive(Debug)]
pub(crate) struct ErrorRecovery<L, T, E> {
    pub(crate) token: T,
    pub(crate) start: L,
    pub(crate) end: L,
    /// An error of the lexer, in the place of a token.
    pub(crate) error: Option<E>,
}

/// Why there is no result. With [`state_machine::Parser::drive`] there always is one, except for a defect of the grammar.
#[derive(Debug)]
pub(crate) enum ParseError<L, T, E> {
    User { error: E },
    Stuck(std::marker::PhantomData<(L, T)>),
}

pub(crate) mod state_machine {
    //! What the generated code implements and calls.

    use std::fmt::Debug;

    use super::{Driver, Token};
    use crate::lex::LexError;

    #[expect(dead_code, reason = "the generated code implements what LALRPOP's own driver calls")]
    pub(crate) trait ParserDefinition: Sized {
        type Location: Clone + Debug;
        type Error;
        type Token: Clone + Debug;
        type TokenIndex: Copy + Debug;
        type Symbol;
        type Success;
        type StateIndex: Copy + Debug;
        type Action: ParserAction<Self>;
        type ReduceIndex: Copy + Debug;
        type NonterminalIndex: Copy + Debug;

        fn start_location(&self) -> Self::Location;
        fn start_state(&self) -> Self::StateIndex;
        fn token_to_index(&self, token: &Self::Token) -> Option<Self::TokenIndex>;
        fn action(&self, state: Self::StateIndex, token: Self::TokenIndex) -> Self::Action;
        fn error_action(&self, state: Self::StateIndex) -> Self::Action;
        fn eof_action(&self, state: Self::StateIndex) -> Self::Action;
        fn goto(&self, state: Self::StateIndex, nonterminal: Self::NonterminalIndex) -> Self::StateIndex;
        fn token_to_symbol(&self, index: Self::TokenIndex, token: Self::Token) -> Self::Symbol;
        fn expected_tokens(&self, state: Self::StateIndex) -> Vec<String>;
        fn expected_tokens_from_states(&self, states: &[Self::StateIndex]) -> Vec<String>;
        fn uses_error_recovery(&self) -> bool;
        fn error_recovery_symbol(&self, recovery: ErrorRecovery<Self>) -> Self::Symbol;
        fn reduce(
            &mut self,
            rule: Self::ReduceIndex,
            next: Option<&Self::Location>,
            states: &mut Vec<Self::StateIndex>,
            symbols: &mut Vec<SymbolTriple<Self>>,
        ) -> Option<ParseResult<Self>>;
        fn simulate_reduce(&self, rule: Self::ReduceIndex) -> SimulatedReduce<Self>;
    }

    /// Shift to a state, reduce by a rule, or neither.
    pub(crate) trait ParserAction<D: ParserDefinition>: Copy + Debug {
        fn as_shift(self) -> Option<D::StateIndex>;
        fn as_reduce(self) -> Option<D::ReduceIndex>;
    }

    /// Positive numbers are states plus one, negative ones rules minus one below zero.
    impl<D: ParserDefinition<StateIndex = i16, ReduceIndex = i16>> ParserAction<D> for i16 {
        #[inline]
        fn as_shift(self) -> Option<i16> {
            (self > 0).then(|| self - 1)
        }

        #[inline]
        fn as_reduce(self) -> Option<i16> {
            (self < 0).then(|| -(self + 1))
        }
    }

    pub(crate) enum SimulatedReduce<D: ParserDefinition> {
        Reduce { states_to_pop: usize, nonterminal_produced: D::NonterminalIndex },
        Accept,
    }

    pub(crate) type ParseError<D> = super::ParseError<
        <D as ParserDefinition>::Location,
        <D as ParserDefinition>::Token,
        <D as ParserDefinition>::Error,
    >;
    pub(crate) type ParseResult<D> = Result<<D as ParserDefinition>::Success, ParseError<D>>;
    pub(crate) type SymbolTriple<D> =
        (<D as ParserDefinition>::Location, <D as ParserDefinition>::Symbol, <D as ParserDefinition>::Location);
    pub(crate) type ErrorRecovery<D> = super::ErrorRecovery<
        <D as ParserDefinition>::Location,
        <D as ParserDefinition>::Token,
        <D as ParserDefinition>::Error,
    >;

    pub(crate) struct Parser;

    impl Parser {
        pub(crate) fn drive<D>(
            definition: D,
            tokens: impl Iterator<Item = Result<(u32, Token, u32), ParseError<D>>>,
        ) -> ParseResult<D>
        where
            D: ParserDefinition<
                    Location = u32,
                    Token = Token,
                    Error = LexError,
                    ReduceIndex = i16,
                    StateIndex = i16,
                    NonterminalIndex = usize,
                >,
        {
            Driver::new(definition).run(tokens)
        }
    }
}

struct Driver<D: ParserDefinition> {
    definition: D,
    states: Vec<D::StateIndex>,
    symbols: Vec<state_machine::SymbolTriple<D>>,
    /// Whether nothing is reported until a token is taken.
    quiet: bool,
    /// What the last token was taken behind, if that was put in.
    behind: Option<Behind>,
    reported: usize,
    /// How many more steps may be tried.
    fuel: usize,
}

/// What may not be there, and was not complained of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind {
    /// A comma stood in the place of an operator, and nothing yet behind it.
    Separator,
    /// The last token stands beside an operand, without an operator.
    Operand,
}

/// What came of a token.
enum Step<S> {
    Taken,
    Done(S),
    Unexpected,
}

impl<D> Driver<D>
where
    D: ParserDefinition<
            Location = u32,
            Token = Token,
            Error = LexError,
            ReduceIndex = i16,
            StateIndex = i16,
            NonterminalIndex = usize,
        >,
{
    fn new(definition: D) -> Self {
        let states = vec![definition.start_state()];
        Self {
            definition,
            states,
            symbols: Vec::with_capacity(16),
            quiet: false,
            behind: None,
            reported: 0,
            fuel: FUEL,
        }
    }

    fn run(
        mut self,
        tokens: impl Iterator<Item = Result<(u32, Token, u32), state_machine::ParseError<D>>>,
    ) -> state_machine::ParseResult<D> {
        let mut end = 0;
        for next in tokens {
            self.fuel += FUEL;
            let (start, token, stop) = match next {
                Ok(lexeme) => lexeme,
                Err(ParseError::User { error }) => {
                    end = error.1.end;
                    self.reduce_what_is_complete(error.1.start);
                    self.report(Token::Error, error.1, Some(error));
                    if let Some(result) = self.replace(end) {
                        return result;
                    }
                    continue;
                }
                Err(stuck) => return Err(stuck),
            };
            end = stop;
            if token == Token::End {
                break;
            }
            match self.step(start, token, stop) {
                Step::Taken => {}
                Step::Done(result) => return result,
                Step::Unexpected => {
                    if let Some(result) = self.unexpected(start, token, stop) {
                        return result;
                    }
                }
            }
            if self.reported >= MAX_ERRORS {
                // The rest of the text is not read.
                break;
            }
            if self.states.len() > MAX_OPEN {
                let span = Span::new(start, stop);
                self.report(Token::Error, span, Some(Box::new((ErrorKind::TooDeep, span))));
                self.quiet = true;
                break;
            }
        }
        self.finish(end)
    }

    fn top(&self) -> D::StateIndex {
        self.states.last().copied().unwrap_or_else(|| self.definition.start_state())
    }

    /// The action for a token, and the terminal that it is in this state.
    fn action(&self, state: D::StateIndex, token: Token) -> (D::Action, Token) {
        let mut token = token;
        loop {
            let action = self.action_of(state, self.definition.token_to_index(&token));
            match token.otherwise() {
                Some(other) if !acts::<D>(action) => token = other,
                _ => return (action, token),
            }
        }
    }

    /// The action for a terminal; for none, that of the end.
    #[inline]
    fn action_of(&self, state: D::StateIndex, terminal: Option<D::TokenIndex>) -> D::Action {
        match terminal {
            Some(index) => self.definition.action(state, index),
            None => self.definition.eof_action(state),
        }
    }

    /// Takes a token, after reducing whatever it completes.
    fn step(&mut self, start: u32, token: Token, stop: u32) -> Step<state_machine::ParseResult<D>> {
        let index = self.definition.token_to_index(&token);
        loop {
            let mut action = self.action_of(self.top(), index);
            let mut terminal = token;
            if !acts::<D>(action)
                && let Some(other) = token.otherwise()
            {
                (action, terminal) = self.action(self.top(), other);
            }
            if let Some(state) = action.as_shift() {
                if let Some(index) = self.definition.token_to_index(&terminal) {
                    let symbol = self.definition.token_to_symbol(index, terminal);
                    self.states.push(state);
                    self.symbols.push((start, symbol, stop));
                }
                (self.quiet, self.behind) = (false, None);
                return Step::Taken;
            }
            let Some(rule) = action.as_reduce() else { return Step::Unexpected };
            if let Some(result) = self.reduce(rule, start) {
                return Step::Done(result);
            }
        }
    }

    #[inline]
    fn reduce(&mut self, rule: i16, next: u32) -> Option<state_machine::ParseResult<D>> {
        // Most rules only say that one nonterminal is another: between `a` and a sum there are nine.
        if let Some(&Some(nonterminal)) = usize::try_from(rule).ok().and_then(|rule| RENAMES.get(rule)) {
            self.states.pop();
            let state = self.definition.goto(self.top(), nonterminal.into());
            self.states.push(state);
            return None;
        }
        self.definition.reduce(rule, Some(&next), &mut self.states, &mut self.symbols)
    }

    /// The terminals that stand for text.
    fn terminals(&self) -> impl Iterator<Item = D::TokenIndex> + use<'_, D> {
        Token::EACH.iter().filter_map(|token| self.definition.token_to_index(token))
    }

    /// The rule that goyacc would reduce in this state whatever comes, and whether it would do so without a look at what
    /// comes.
    fn default(&self, state: D::StateIndex) -> Option<(i16, bool)> {
        let definition = &self.definition;
        // Where there is an error rule goyacc has no default.
        if definition.error_action(state).as_shift().is_some() {
            return None;
        }
        let actions = self.terminals().map(|index| definition.action(state, index));
        let actions: Vec<_> = actions.chain([definition.eof_action(state)]).collect();
        let rules = || actions.iter().filter_map(|action| action.as_reduce());
        let count = |rule| rules().filter(|&other| other == rule).count();
        let rule = rules().max_by_key(|&rule| (count(rule), std::cmp::Reverse(rule)))?;
        // The end of the text is never taken for granted.
        if matches!(definition.simulate_reduce(rule), state_machine::SimulatedReduce::Accept) {
            return None;
        }
        let shifts = actions.iter().any(|action| action.as_shift().is_some());
        Some((rule, !shifts && rules().all(|other| other == rule)))
    }

    /// Reduces as long as there is nothing else to be done.
    fn reduce_what_is_complete(&mut self, next: u32) {
        while let Some((rule, true)) = self.default(self.top()) {
            self.reduce(rule, next);
        }
    }

    /// Reports a token that has no place here, and goes on in front of it or behind it.
    fn unexpected(&mut self, start: u32, token: Token, stop: u32) -> Option<state_machine::ParseResult<D>> {
        while !self.is_operand()
            && let Some((rule, _)) = self.default(self.top())
        {
            self.reduce(rule, start);
        }
        let separates = token.separates();
        // What could be put in, and whether an operand and what is put in then stand side by side. A token that separates is
        // not taken behind an operator, but for one.
        let ways: [(&[Token], bool); 3] =
            [(&[Token::Missing], false), (&[Token::Or], true), (&[Token::Missing, Token::Or], true)];
        let way = ways.into_iter().find(|&(missing, beside)| {
            let behind = (!(beside && separates)).then_some(token);
            self.would_take(missing.iter().copied().chain(behind))
        });
        let beside = way.is_some_and(|(_, beside)| beside);
        let consequence = match self.behind {
            // Three words in a row are one mistake, and a comma that nothing follows is, too.
            Some(Behind::Operand) => beside && !separates,
            Some(Behind::Separator) => separates || Token::CLOSING.contains(&token) || token == Token::End,
            None => false,
        };
        if !consequence {
            self.report(token, Span::new(start, stop), None);
        }
        let Some((missing, _)) = way else { return self.replace(stop) };
        for &missing in missing {
            if let Step::Done(result) = self.step(start, missing, start) {
                return Some(result);
            }
        }
        if beside && separates {
            self.behind = Some(Behind::Separator);
            return None;
        }
        if let Step::Done(result) = self.step(start, token, stop) {
            return Some(result);
        }
        self.behind = beside.then_some(Behind::Operand);
        None
    }

    /// Passes over what cannot be taken. If there must be an operand, it stands for one.
    fn replace(&mut self, at: u32) -> Option<state_machine::ParseResult<D>> {
        if self.would_take([Token::Missing])
            && let Step::Done(result) = self.step(at, Token::Missing, at)
        {
            return Some(result);
        }
        self.quiet = true;
        None
    }

    /// Whether the operator that binds the least could follow, so that any expression could follow that. Where an operand
    /// could follow, the word would be the name of a metric.
    fn is_operand(&self) -> bool {
        let acts = |token| self.action(self.top(), token).0;
        acts(Token::Or).as_shift().is_some() && acts(Token::Missing).as_shift().is_none()
    }

    /// Has the innermost error rule say what is wrong.
    fn report(&mut self, token: Token, span: Span, error: Option<LexError>) {
        if self.quiet && error.is_none() {
            return;
        }
        self.reported += 1;
        let open = self.states.iter().rev();
        let Some((state, shifted)) =
            open.filter_map(|&state| Some((state, self.definition.error_action(state).as_shift()?))).next()
        else {
            return;
        };
        let recovery = ErrorRecovery { token, start: span.start, end: span.end, error };
        let symbol = self.definition.error_recovery_symbol(recovery);
        // The rule is reduced on a stack of its own, for what it says alone.
        let mut states = vec![state, shifted];
        let mut symbols = vec![(span.start, symbol, span.end)];
        if let Some((rule, _)) = self.default(shifted) {
            self.definition.reduce(rule, Some(&span.start), &mut states, &mut symbols);
        }
    }

    /// Whether these tokens would be taken.
    fn would_take(&mut self, tokens: impl IntoIterator<Item = Token>) -> bool {
        // The states are `self.states[..kept]` and then `pushed`.
        let mut kept = self.states.len();
        let mut pushed: Vec<D::StateIndex> = Vec::new();
        for token in tokens {
            loop {
                let Some(fuel) = self.fuel.checked_sub(1) else { return false };
                self.fuel = fuel;
                let base = kept.checked_sub(1).and_then(|top| self.states.get(top));
                let Some(&top) = pushed.last().or(base) else { return false };
                let (action, _) = self.action(top, token);
                if let Some(state) = action.as_shift() {
                    pushed.push(state);
                    break;
                }
                let Some(rule) = action.as_reduce() else { return false };
                let state_machine::SimulatedReduce::Reduce { states_to_pop, nonterminal_produced } =
                    self.definition.simulate_reduce(rule)
                else {
                    return true;
                };
                let own = states_to_pop.min(pushed.len());
                pushed.truncate(pushed.len() - own);
                kept = kept.saturating_sub(states_to_pop - own);
                let base = kept.checked_sub(1).and_then(|top| self.states.get(top));
                let Some(&top) = pushed.last().or(base) else { return false };
                pushed.push(self.definition.goto(top, nonterminal_produced));
            }
        }
        true
    }

    /// Ends the text, and closes what is open.
    fn finish(mut self, end: u32) -> state_machine::ParseResult<D> {
        if let Step::Done(result) = self.step(end, Token::End, end) {
            return result;
        }
        if let Some(result) = self.unexpected(end, Token::End, end) {
            return result;
        }
        // Whatever is closed leaves less open, so this comes to an end; the bound is for a grammar of which it is not true.
        for _ in 0..4 * MAX_OPEN {
            let taken = Token::CLOSING.iter().any(|&token| matches!(self.step(end, token, end), Step::Taken));
            if let Step::Done(result) = self.step(end, Token::End, end) {
                return result;
            }
            if !taken {
                break;
            }
        }
        Err(ParseError::Stuck(std::marker::PhantomData))
    }
}

fn acts<D: ParserDefinition>(action: D::Action) -> bool {
    action.as_shift().is_some() || action.as_reduce().is_some()
}
