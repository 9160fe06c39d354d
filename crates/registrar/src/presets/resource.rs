//! The ARNs that a preset can be narrowed to.

use issuer_discovery::{Partition, Region};

use super::{Preset, PresetError};
use crate::account::AccountId;

/// What an ARN has to be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResourceKind {
    /// `autoScalingGroup:UUID:autoScalingGroupName/NAME`; the UUID may be `*`.
    ///
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html#amazonec2autoscaling-resources-for-iam-policies>
    AutoScalingGroup,
    /// `file-system/fs-ID`.
    ///
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticfilesystem.html#amazonelasticfilesystem-resources-for-iam-policies>
    FileSystem,
}

/// A resource of that kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Resource {
    pub(super) arn: String,
    /// Everything before the sixth part: `arn:PARTITION:SERVICE:REGION:ACCOUNT`.
    pub(super) place: String,
}

impl ResourceKind {
    pub(super) fn read(
        self,
        preset: Preset,
        partition: Partition,
        arn: &str,
    ) -> Result<Resource, PresetError> {
        let malformed = || PresetError::Resource { preset, arn: arn.to_owned(), form: self.form() };
        let [prefix, of, service, region, account, rest] =
            arn.splitn(6, ':').collect::<Vec<_>>()[..].try_into().map_err(|_| malformed())?;
        let good = prefix == "arn"
            && service == self.service()
            && region.parse::<Region>().is_ok()
            && account.parse::<AccountId>().is_ok()
            && self.is_resource(rest);
        let of: Partition = of.parse().ok().filter(|_| good).ok_or_else(malformed)?;
        if of != partition {
            return Err(PresetError::Partition { arn: arn.to_owned(), partition });
        }
        let place = format!("arn:{of}:{service}:{region}:{account}");
        Ok(Resource { arn: arn.to_owned(), place })
    }

    fn service(self) -> &'static str {
        match self {
            Self::AutoScalingGroup => "autoscaling",
            Self::FileSystem => "elasticfilesystem",
        }
    }

    fn form(self) -> &'static str {
        match self {
            Self::AutoScalingGroup => {
                "an Auto Scaling group, arn:PARTITION:autoscaling:REGION:ACCOUNT:autoScalingGroup:UUID:autoScalingGroupName/NAME, with * for a UUID that is not at hand"
            }
            // An access point is made for each volume and goes with it: whoever may only delete those of today leaves
            // those of tomorrow behind.
            Self::FileSystem => {
                "a file system, arn:PARTITION:elasticfilesystem:REGION:ACCOUNT:file-system/fs-ID; its access points are made and deleted with the volumes, so name the file system that they are on"
            }
        }
    }

    fn is_resource(self, rest: &str) -> bool {
        let hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match self {
            Self::AutoScalingGroup => {
                let Some((uuid, name)) = rest
                    .strip_prefix("autoScalingGroup:")
                    .and_then(|rest| rest.split_once(":autoScalingGroupName/"))
                else {
                    return false;
                };
                let is_uuid = uuid.len() == 36 && uuid.split('-').all(|part| !part.is_empty() && hex(part));
                // A name may be of almost any characters; what is more than itself in a policy is not taken.
                let printable = |byte| matches!(byte, b'!'..=b'~') && !b"*?$:".contains(&byte);
                (uuid == "*" || is_uuid) && matches!(name.len(), 1..=255) && name.bytes().all(printable)
            }
            Self::FileSystem => {
                // `^(arn:aws[-a-z]*:elasticfilesystem:[0-9a-z-:]+:file-system/fs-[0-9a-f]{8,40}|fs-[0-9a-f]{8,40})$`
                rest.strip_prefix("file-system/fs-").is_some_and(|id| matches!(id.len(), 8..=40) && hex(id))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:01234567-89ab-cdef-0123-456789abcdef:autoScalingGroupName/workers";
    const FILES: &str = "arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-0123456789abcdef0";

    fn read(kind: ResourceKind, arn: &str) -> Result<Resource, PresetError> {
        kind.read(Preset::EfsCsi, Partition::Aws, arn)
    }

    #[test]
    fn groups_and_file_systems() {
        let any_uuid = GROUP.replace("01234567-89ab-cdef-0123-456789abcdef", "*");
        for (kind, arn) in [
            (ResourceKind::AutoScalingGroup, GROUP),
            (ResourceKind::AutoScalingGroup, any_uuid.as_str()),
            (ResourceKind::FileSystem, FILES),
        ] {
            assert_eq!(read(kind, arn).unwrap().arn, arn);
        }
        let place = read(ResourceKind::FileSystem, FILES).unwrap().place;
        assert_eq!(place, "arn:aws:elasticfilesystem:eu-west-1:123456789012");
    }

    #[test]
    fn other_arns_are_refused() {
        let group = |from: &str, to: &str| (ResourceKind::AutoScalingGroup, GROUP.replace(from, to));
        let files = |from: &str, to: &str| (ResourceKind::FileSystem, FILES.replace(from, to));
        for (kind, arn) in [
            (ResourceKind::AutoScalingGroup, FILES.to_owned()),
            (ResourceKind::FileSystem, GROUP.to_owned()),
            group("workers", ""),
            group("workers", "*"),
            group("workers", "w${x}"),
            group("workers", "a b"),
            group("01234567-89ab-cdef-0123-456789abcdef", "0*"),
            group("01234567-89ab-cdef-0123-456789abcdef", ""),
            group("eu-west-1", "*"),
            group("123456789012", "*"),
            group("autoscaling:", "ec2:"),
            group("arn:aws:", "arn:moon:"),
            group("arn:", "urn:"),
            files("fs-0123456789abcdef0", "*"),
            files("fs-0123456789abcdef0", "fs-1"),
            files("fs-0123456789abcdef0", "fs-0123456789ABCDEF0"),
            files("file-system/fs-", "access-point/fsap-"),
            files("eu-west-1", ""),
            files("123456789012", "12345678901"),
            (ResourceKind::FileSystem, "fs-0123456789abcdef0".to_owned()),
            (ResourceKind::FileSystem, String::new()),
            (ResourceKind::FileSystem, "*".to_owned()),
        ] {
            assert!(matches!(read(kind, &arn), Err(PresetError::Resource { .. })), "{arn}");
        }
        let china = FILES.replace("arn:aws:", "arn:aws-cn:");
        let refused = read(ResourceKind::FileSystem, &china).unwrap_err();
        assert_eq!(refused, PresetError::Partition { arn: china, partition: Partition::Aws });
    }
}
