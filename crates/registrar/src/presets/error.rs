//! Why a preset cannot be written.

use issuer_discovery::Partition;

use super::Preset;

/// Why a preset cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PresetError {
    /// No preset has this name.
    #[error(
        "there is no preset {0:?}; there are {names}",
        names = Preset::ALL.iter().map(|preset| preset.name()).collect::<Vec<_>>().join(", ")
    )]
    Unknown(String),
    /// Nothing was given that could narrow it.
    #[error("{preset} is not narrowed by what was given: it needs {needs}")]
    NothingToNarrowBy {
        /// The preset.
        preset: Preset,
        /// The flags that would do it.
        needs: &'static str,
    },
    /// Something was given that cannot narrow it; nobody should believe that it did.
    #[error("{preset} is not narrowed by {given}: what narrows it is {needs}")]
    NoUse {
        /// The preset.
        preset: Preset,
        /// The flag that was given.
        given: &'static str,
        /// The flags that would do it.
        needs: &'static str,
    },
    /// Not the id of a hosted zone.
    #[error(
        "`{}` is not the id of a hosted zone: that is Z and up to 31 more capital letters and digits, as in Z0123456789ABCDEF or /hostedzone/Z0123456789ABCDEF",
        .0.escape_debug()
    )]
    Zone(String),
    /// Not the name of a cluster.
    #[error(
        "`{}` is not the name of a cluster: that is 1 to 100 letters, digits, dots, hyphens and underscores, a letter or digit first",
        .0.escape_debug()
    )]
    Cluster(String),
    /// Not the ARN of something that the preset works on.
    #[error("`{}` is nothing that {preset} can be narrowed to: that is {form}", .arn.escape_debug())]
    Resource {
        /// The preset.
        preset: Preset,
        /// The text.
        arn: String,
        /// What it has to look like.
        form: &'static str,
    },
    /// A resource in another partition than the policy is for.
    #[error("`{arn}` does not lie in the partition {partition}, which the policy is for")]
    Partition {
        /// The ARN.
        arn: String,
        /// The partition of the policy.
        partition: Partition,
    },
}
