//! What a query would read.

use promd_storage::{Reader, Select, Series as Stored};

use crate::engine::Limits;
use crate::error::Result;
use crate::explain::Cost;
use crate::plan::{Node, Plan};

/// The costs of the nodes of a plan, by their numbers, as far as chunks tell without being decoded.
pub(crate) fn costs(plan: &Plan, reader: &dyn Reader, limits: &Limits) -> Result<Vec<Cost>> {
    let mut of_selections = Vec::with_capacity(plan.selections.len());
    let mut stored = Stored::default();
    for selection in &plan.selections {
        let mut cost = Cost { series: Some(0), ..Cost::default() };
        let mut set = reader.select(&Select::new(&selection.matchers, selection.times))?;
        while set.next(&mut stored)? {
            limits.check()?;
            cost.series = cost.series.map(|series| series + 1);
            for view in stored.chunks.iter().filter(|view| view.interval().overlaps(&selection.times)) {
                cost.chunks += 1;
                cost.bytes += view.bytes.len() as u64;
                cost.samples += view.chunk().claimed_samples().map_or(0, u64::from);
            }
        }
        of_selections.push(cost);
    }
    let mut costs = vec![Cost::default(); plan.nodes];
    fill(&plan.root, &of_selections, &mut costs);
    Ok(costs)
}

fn fill(node: &Node, of_selections: &[Cost], costs: &mut [Cost]) {
    if let Some(cost) = node.selection().and_then(|selection| of_selections.get(selection)) {
        costs[node.number] = cost.clone();
    }
    node.children().into_iter().for_each(|child| fill(child, of_selections, costs));
}
