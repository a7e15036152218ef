//! Calls and aggregations.

use super::{Build, Node};
use crate::ast::{AggregateExpr, AggregateOp, Call, Expr, Grouping};
use crate::error::ErrorKind;
use crate::{Function, Span};

/// The arguments of a call, and the height of the highest.
#[derive(Debug, Default)]
pub(crate) struct Args {
    exprs: Vec<Expr>,
    depth: u32,
}

impl Args {
    pub(crate) fn one(node: Node) -> Self {
        Self { exprs: vec![node.expr], depth: node.depth }
    }

    pub(crate) fn push(&mut self, node: Node) {
        self.exprs.push(node.expr);
        self.depth = self.depth.max(node.depth);
    }
}

impl Build<'_> {
    /// The arguments, with room for a node above them.
    fn args(&mut self, args: Args) -> (Vec<Expr>, u32) {
        let Args { exprs, depth } = args;
        if depth < self.options.max_depth {
            return (exprs, depth);
        }
        // Which of them is too high was not kept; this is too rare to be paid for with each call.
        let exprs = exprs.into_iter().map(|expr| self.under(Node { expr, depth }).expr).collect();
        (exprs, 1)
    }

    pub(crate) fn trailing_comma(&mut self, span: Span) {
        self.error(ErrorKind::TrailingComma, span);
    }

    pub(crate) fn call(&mut self, name_span: Span, args: Args, end: u32) -> Node {
        let name = self.slice(name_span);
        let span = Span::new(name_span.start, end);
        let (args, depth) = self.args(args);
        let Some(function) = Function::find(name) else {
            self.error(ErrorKind::UnknownFunction(name.to_owned()), name_span);
            return Node::error(args, span, depth + 1);
        };
        if function.experimental && !self.options.experimental_functions {
            self.error(ErrorKind::FunctionNotEnabled(function.name), name_span);
        }
        Node { expr: Call { function, args, name_span, span }.into(), depth: depth + 1 }
    }

    pub(crate) fn aggregate(&mut self, op: AggregateOp, grouping: Option<Grouping>, args: Args, span: Span) -> Node {
        let (args, depth) = self.args(args);
        let depth = depth + 1;
        let expected = 1 + usize::from(op.takes_param());
        let got = args.len();
        let wrong = if got == 0 {
            Some(ErrorKind::NoAggregateArguments)
        } else if op.is_experimental() && !self.options.experimental_functions {
            Some(ErrorKind::AggregateNotEnabled(op))
        } else {
            (got != expected).then_some(ErrorKind::AggregateArguments { expected, got })
        };
        if let Some(kind) = wrong {
            self.error(kind, span);
            return Node::error(args, span, depth);
        }
        let mut args = args.into_iter();
        let param = if op.takes_param() { args.next() } else { None };
        match args.next() {
            Some(expr) => Node { expr: AggregateExpr { op, param, expr, grouping, span }.into(), depth },
            None => Node::error(param.into_iter().collect(), span, depth),
        }
    }
}
