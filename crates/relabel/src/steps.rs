//! Rules at work, one by one.

use promd_model::{Labels, LabelsBuilder, LabelsError};

use crate::apply::Rules;
use crate::rule::Rule;
use crate::scratch::Scratch;

/// What one rule has done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step<'r> {
    /// The rule.
    pub rule: &'r Rule,
    /// The labels that it was given; none if an earlier rule has dropped them.
    pub before: Labels,
    /// The labels that it has left; none if they are dropped.
    pub after: Labels,
    /// Whether the labels are still there: neither this rule nor an earlier one has dropped them.
    pub kept: bool,
}

/// The steps of relabelling one label set, one for each rule. Made by [`Rules::steps`].
#[derive(Debug)]
pub struct Steps<'r> {
    rules: &'r Rules,
    rest: std::slice::Iter<'r, Rule>,
    builder: LabelsBuilder,
    scratch: Scratch,
    labels: Labels,
    kept: bool,
}

impl Rules {
    /// Applies the rules to `labels` one by one and shows each step, as Prometheus' `/api/v1/targets/relabel_steps` does.
    ///
    /// ```
    /// use promd_model::{Labels, ValidationScheme};
    /// use promd_relabel::{Action, Rule, Rules};
    ///
    /// let mut lower = Rule::default();
    /// lower.source_labels = Some(vec!["env".to_owned()]);
    /// lower.target_label = "env".to_owned();
    /// lower.action = Action::Lowercase;
    /// let mut keep = Rule::default();
    /// keep.source_labels = Some(vec!["env".to_owned()]);
    /// keep.regex = Some(promd_regex::Anchored::wrapped("test")?);
    /// keep.action = Action::Keep;
    /// let rules = Rules::new(vec![lower, keep], ValidationScheme::Utf8)?;
    ///
    /// let labels = Labels::from_pairs([("env", "PROD")])?;
    /// let steps: Vec<_> = rules.steps(&labels).collect::<Result<_, _>>()?;
    /// assert_eq!((steps[0].after.get("env"), steps[0].kept), (Some("prod"), true));
    /// assert_eq!((steps[1].after.is_empty(), steps[1].kept), (true, false));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn steps(&self, labels: &Labels) -> Steps<'_> {
        let mut builder = LabelsBuilder::new();
        builder.reset(labels);
        let rest = self.as_slice().iter();
        Steps { rules: self, rest, builder, scratch: Scratch::new(), labels: labels.clone(), kept: true }
    }
}

/// An error is a rule that has made something that is no label set.
impl<'r> Iterator for Steps<'r> {
    type Item = Result<Step<'r>, LabelsError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rule = self.rest.next()?;
        let before = self.labels.clone();
        self.kept = self.kept && self.rules.apply_rule(rule, &mut self.builder, &mut self.scratch);
        self.labels = Labels::empty();
        if self.kept {
            match self.builder.build() {
                Ok(labels) => self.labels = labels,
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(Step { rule, before, after: self.labels.clone(), kept: self.kept }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rest.size_hint()
    }
}

impl ExactSizeIterator for Steps<'_> {}
