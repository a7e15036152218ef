//! A parsed document.

use crate::error::Location;

/// The place of a node in its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id(pub(super) usize);

/// A tree, or with aliases a graph, of nodes.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(super) nodes: Vec<Node>,
    /// Absent if there is nothing in the text.
    pub(crate) root: Option<Id>,
    /// Whether another document follows.
    pub(crate) more: bool,
}

impl Document {
    /// # Panics
    ///
    /// Not with an id of this document.
    pub(crate) fn node(&self, id: Id) -> &Node {
        self.nodes.get(id.0).expect("ids are made by the document they belong to")
    }
}

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// The tag that is written at the node; empty if there is none.
    pub(crate) tag: String,
    pub(crate) location: Location,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// Plain scalars without a tag mean what they look like.
    Scalar {
        value: String,
        plain: bool,
    },
    Sequence(Vec<Id>),
    Mapping(Vec<(Id, Id)>),
    Alias {
        name: String,
        target: Id,
    },
}

pub(crate) const STR: &str = "tag:yaml.org,2002:str";
pub(crate) const BOOL: &str = "tag:yaml.org,2002:bool";
pub(crate) const INT: &str = "tag:yaml.org,2002:int";
pub(crate) const FLOAT: &str = "tag:yaml.org,2002:float";
pub(crate) const NULL: &str = "tag:yaml.org,2002:null";
pub(crate) const TIMESTAMP: &str = "tag:yaml.org,2002:timestamp";
pub(crate) const BINARY: &str = "tag:yaml.org,2002:binary";
pub(crate) const MERGE: &str = "tag:yaml.org,2002:merge";
pub(crate) const SEQ: &str = "tag:yaml.org,2002:seq";
pub(crate) const MAP: &str = "tag:yaml.org,2002:map";

impl Node {
    /// Whether nothing is meant, in the spellings that stand for nothing in whatever is decoded.
    pub(crate) fn is_null(&self) -> bool {
        let Kind::Scalar { value, plain } = &self.kind else { return false };
        self.tag == NULL || self.tag.is_empty() && *plain && matches!(value.as_str(), "null" | "~" | "")
    }

    /// Whether the node is the key of a merge.
    pub(crate) fn is_merge(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { value, plain } if value == "<<" && (*plain || self.tag == MERGE))
    }
}

/// The tag as errors show it.
pub(crate) fn short_tag(tag: &str) -> String {
    tag.strip_prefix("tag:yaml.org,2002:").map_or_else(|| tag.to_owned(), |short| format!("!!{short}"))
}
