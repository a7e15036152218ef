//! Sections as one declaration: the fields, how they are read, and how they are printed.

/// The name of a Go type that reads itself as `go`, a local type without methods, and is called `name` here.
pub(crate) fn item_type(go: &str, name: &str) -> String {
    let Some(package) = go.strip_suffix(".plain") else {
        // Go reads the form of files, which has no name of its own.
        return if name == "TargetGroup" { "targetgroup.Group".to_owned() } else { go.to_owned() };
    };
    match (package, name.strip_suffix("Sd")) {
        ("aws", Some("Ec2")) => "aws.EC2SDConfig".to_owned(),
        // Several mechanisms of one package.
        ("aws" | "moby" | "zookeeper", Some(mechanism)) => format!("{package}.{mechanism}SDConfig"),
        (package, Some(_)) => format!("{package}.SDConfig"),
        (package, None) => format!("{package}.{name}"),
    }
}

/// Declares a section of a file: a struct, and from its fields how it is read and printed.
///
/// ```text
/// record! {
///     /// What it is.
///     pub struct Example("config.plain") {       // the name that Go gives the type in errors
///         /// What it says.
///         name: String;                          // a field called `name`
///         kind: String = "type", omit;           // called `type`, and not printed if it is empty
///         names: Vec<String>, omit, flow;        // printed as `[a, b]`
///         client: HttpClient, inline;            // its fields are fields of this section
///     }
/// }
/// ```
///
/// The type must implement `Section` by hand, at least as `section! { Example {} }`.
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $Name:ident($go:literal) {
            $( $(#[$doc:meta])* $field:ident: $ty:ty $(= $key:literal)? $(, $flag:ident)*; )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub struct $Name {
            $( $(#[$doc])* #[doc = record!(@doc $field [$($key)?] $($flag)*)] pub $field: $ty, )*
        }

        impl $Name {
            /// Reads the field called `key`; `false` if there is none.
            pub(crate) fn set_field(
                &mut self,
                key: &str,
                id: $crate::yaml::Id,
                decoder: &mut $crate::yaml::Decoder<'_>,
            ) -> Result<bool, $crate::error::Error> {
                $( record!(@set self key id decoder $field [$($key)?] $($flag)*); )*
                let _ = (key, id, decoder);
                Ok(false)
            }

            /// Appends the fields that are printed.
            pub(crate) fn print_fields(&self, out: &mut Vec<(String, $crate::yaml::Tree)>) {
                $( record!(@print self out $field [$($key)?] $($flag)*); )*
            }
        }

        impl $crate::yaml::Value for $Name {
            fn go_type() -> String {
                $go.to_owned()
            }

            fn item_type() -> String {
                $crate::yaml::record::item_type($go, stringify!($Name))
            }

            fn zero() -> Self {
                Self { $( $field: <$ty as $crate::yaml::Value>::zero(), )* }
            }

            fn is_zero(&self) -> bool {
                true $( && self.$field.is_zero() )*
            }

            fn decode(
                &mut self,
                node: &$crate::yaml::Node,
                decoder: &mut $crate::yaml::Decoder<'_>,
            ) -> Result<bool, $crate::error::Error> {
                decoder.section(node, self)
            }

            fn tree(&self) -> $crate::yaml::Tree {
                let mut fields = Vec::new();
                self.print_fields(&mut fields);
                $crate::yaml::Tree::Map(fields)
            }

            fn join_paths(&mut self, directory: &str) {
                $( self.$field.join_paths(directory); )*
                let _ = directory;
            }
        }

        /// As it is printed: without secrets, and without what says nothing.
        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::yaml::Value::tree(self).serialize(serializer)
            }
        }
    };

    (@doc $field:ident [$($key:literal)?] inline) => { "The fields of this section belong to the one around it." };
    (@doc $field:ident [] $($flag:ident)*) => { concat!("`", stringify!($field), "` in the file.") };
    (@doc $field:ident [$key:literal] $($flag:ident)*) => { concat!("`", $key, "` in the file.") };

    (@key $field:ident []) => { stringify!($field) };
    (@key $field:ident [$key:literal]) => { $key };

    (@set $self:ident $name:ident $id:ident $decoder:ident $field:ident [$($key:literal)?] inline) => {
        if $self.$field.set_field($name, $id, $decoder)? {
            return Ok(true);
        }
    };
    (@set $self:ident $name:ident $id:ident $decoder:ident $field:ident [$($key:literal)?] $($flag:ident)*) => {
        if $name == record!(@key $field [$($key)?]) {
            $decoder.value($id, &mut $self.$field)?;
            return Ok(true);
        }
    };

    (@print $self:ident $out:ident $field:ident [$($key:literal)?] inline) => { $self.$field.print_fields($out); };
    (@print $self:ident $out:ident $field:ident [$($key:literal)?]) => {
        $out.push((record!(@key $field [$($key)?]).to_owned(), $crate::yaml::Value::tree(&$self.$field)));
    };
    (@print $self:ident $out:ident $field:ident [$($key:literal)?] omit) => {
        if !$crate::yaml::Value::is_zero(&$self.$field) {
            record!(@print $self $out $field [$($key)?]);
        }
    };
    (@print $self:ident $out:ident $field:ident [$($key:literal)?] omit, flow) => {
        if !$crate::yaml::Value::is_zero(&$self.$field) {
            let tree = $crate::yaml::Value::tree(&$self.$field).into_flow();
            $out.push((record!(@key $field [$($key)?]).to_owned(), tree));
        }
    };
}

/// Implements `Section` for a record, with a default and a check where they are given:
/// `section! { Example { fresh: Example::default(), check: Example::check } }`.
macro_rules! section {
    ($Name:ident { $($hook:ident: $value:expr),* $(,)? }) => {
        impl $crate::yaml::Section for $Name {
            $( section!(@$hook $value); )*

            fn set(
                &mut self,
                key: &str,
                id: $crate::yaml::Id,
                decoder: &mut $crate::yaml::Decoder<'_>,
            ) -> Result<bool, $crate::error::Error> {
                self.set_field(key, id, decoder)
            }
        }
    };

    (@fresh $fresh:expr) => {
        fn fresh(_: $crate::yaml::Environment<'_>) -> Option<Self> {
            Some($fresh)
        }
    };
    (@check $check:expr) => {
        fn check(&mut self, _: $crate::yaml::Environment<'_>) -> Result<(), String> {
            $check(self)
        }
    };
}
