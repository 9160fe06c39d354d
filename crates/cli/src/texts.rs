//! Longer texts of the help.

pub(crate) const AFTER_HELP: &str = "\
Every flag can also be set as a variable: --jwks-path as ISSUERCTL_JWKS_PATH. A flag that can be
repeated takes one value a line there.
AWS credentials and region come from the usual environment and profiles.
HTTPS_PROXY and NO_PROXY are honoured; loopback never goes through a proxy.

Exit codes:
  0    done, or nothing to do
  1    failed
  2    wrong usage, or not confirmed
  3    --check found something to do
  4    refused for now
  130  interrupted

Try it without an AWS account:  issuerctl bootstrap --sandbox";
