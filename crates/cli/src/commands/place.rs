//! Where documents go, as publish and bootstrap both take it: a bucket or a directory, and the issuer
//! URL that points there.

use std::path::PathBuf;

use clap::Args;
use issuer_discovery::{
    BucketName, BucketPlace, DirectoryPublisher, IssuerUrl, JwksPath, Patience, Prefix, Region, S3Publisher,
};
use issuer_plan::Destination;

use crate::failure::Failure;
use crate::session::Aws;

/// Where the documents go.
#[derive(Clone, Debug, Args)]
pub(crate) struct Place {
    /// The S3 bucket; it is made when it is not there
    #[arg(long, value_name = "NAME", conflicts_with = "dir")]
    pub(crate) bucket: Option<BucketName>,
    /// The issuer's part of the bucket [default: the path of --issuer, else the whole bucket]
    #[arg(long, value_name = "PATH", conflicts_with = "dir")]
    pub(crate) prefix: Option<Prefix>,
    /// A directory that a web server hands out at the issuer URL
    #[arg(long, value_name = "DIR", requires = "issuer")]
    pub(crate) dir: Option<PathBuf>,
    /// The issuer URL [default: https://BUCKET.s3.REGION.amazonaws.com/PREFIX]
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<IssuerUrl>,
    /// Where the JWKS is below the issuer
    #[arg(long, value_name = "PATH", default_value = "openid/v1/jwks")]
    pub(crate) jwks_path: JwksPath,
    /// Let a bucket that somebody else made be opened, and tag it as ours
    #[arg(long, conflicts_with = "dir")]
    pub(crate) adopt_bucket: bool,
    /// How many seconds to wait at most for what AWS makes true in its own time
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) wait: u64,
}

impl Place {
    pub(crate) fn patience(&self) -> Patience {
        Patience { limit: std::time::Duration::from_secs(self.wait), ..Patience::default() }
    }

    /// Returns the directory and its issuer.
    pub(crate) fn directory(&self) -> Option<(IssuerUrl, Destination)> {
        let (dir, issuer) = (self.dir.as_ref()?, self.issuer.as_ref()?);
        let publisher = DirectoryPublisher::new(dir.clone(), self.jwks_path.clone());
        Some((issuer.clone(), Destination::Directory(publisher)))
    }

    /// Returns the bucket and its issuer.
    pub(crate) fn in_bucket(
        &self,
        bucket: &BucketName,
        aws: &Aws,
    ) -> Result<(IssuerUrl, Destination), Failure> {
        let (issuer, place) = self.resolve(bucket, &aws.region)?;
        let account = aws.account.id.as_str();
        let publisher = S3Publisher::new(&aws.config, account, place, aws.path_style, self.patience());
        Ok((issuer, Destination::Bucket(Box::new(publisher))))
    }

    /// Returns the issuer and the place in the bucket, which have to agree.
    pub(crate) fn resolve(
        &self,
        bucket: &BucketName,
        region: &Region,
    ) -> Result<(IssuerUrl, BucketPlace), Failure> {
        let place = |prefix: Prefix| BucketPlace {
            bucket: bucket.clone(),
            region: region.clone(),
            prefix,
            jwks_path: self.jwks_path.clone(),
        };
        let Some(issuer) = &self.issuer else {
            let prefix = self.prefix.clone().unwrap_or_default();
            let issuer =
                bucket.issuer_url(region, &prefix).map_err(|error| Failure::usage(error.to_string()))?;
            return Ok((issuer, place(prefix)));
        };
        // A host of one's own is taken to hand out the bucket from its root, unless told otherwise.
        let location = issuer.s3_location();
        let path = location.as_ref().map_or(issuer.path(), |location| &location.prefix);
        let prefix = match &self.prefix {
            Some(prefix) => prefix.clone(),
            None => path.parse().map_err(|error| {
                Failure::usage(format!("{error}"))
                    .hint("say with --prefix where in the bucket the documents go")
            })?,
        };
        if let Some(location) = &location {
            let elsewhere = |what: &str, found: &str, asked: &str| {
                Err(Failure::usage(format!(
                    "the issuer {issuer} names the {what} {found}, but the documents would go to {asked}"
                ))
                .hint("leave --issuer out: the bucket's own URL is made"))
            };
            if location.bucket != bucket.as_str() {
                return elsewhere("bucket", &location.bucket, bucket.as_str());
            }
            if let Some(found) = location.region.as_deref().filter(|found| *found != region.as_str()) {
                return elsewhere("region", found, region.as_str());
            }
            let suffix = region.partition().dns_suffix();
            if location.suffix != suffix {
                return elsewhere("DNS suffix", location.suffix, &format!("{suffix} ({region})"));
            }
            if location.prefix != prefix.as_str() {
                return elsewhere("prefix", &location.prefix, prefix.as_str());
            }
        }
        Ok((issuer.clone(), place(prefix)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Words {
        #[command(flatten)]
        place: Place,
    }

    fn resolve(words: &[&str]) -> Result<(String, String), String> {
        let place = Words::parse_from([&["x"], words].concat()).place;
        let bucket = place.bucket.clone().unwrap();
        let region = "eu-west-1".parse().unwrap();
        place
            .resolve(&bucket, &region)
            .map(|(issuer, place)| (issuer.to_string(), place.prefix.to_string()))
            .map_err(|failure| failure.text().unwrap().to_owned())
    }

    #[test]
    fn the_issuer_and_the_bucket_agree() {
        let own = "https://oidc.example.com/c1";
        let s3 = "https://my-bucket.s3.eu-west-1.amazonaws.com";
        let ok = |issuer: &str, prefix: &str| Ok((issuer.to_owned(), prefix.to_owned()));
        assert_eq!(resolve(&["--bucket", "my-bucket"]), ok(s3, ""));
        assert_eq!(resolve(&["--bucket", "my-bucket", "--prefix", "p"]), ok(&format!("{s3}/p"), "p"));
        assert_eq!(resolve(&["--bucket", "my-bucket", "--issuer", own]), ok(own, "c1"));
        assert_eq!(resolve(&["--bucket", "my-bucket", "--issuer", own, "--prefix", "q"]), ok(own, "q"));
        assert_eq!(
            resolve(&["--bucket", "my-bucket", "--issuer", "https://s3.eu-west-1.amazonaws.com/my-bucket/p"]),
            ok("https://s3.eu-west-1.amazonaws.com/my-bucket/p", "p")
        );
    }

    #[test]
    fn an_s3_issuer_of_another_place_is_refused() {
        let table = [
            (vec!["--issuer", "https://other.s3.eu-west-1.amazonaws.com"], "bucket other"),
            (vec!["--issuer", "https://my-bucket.s3.us-east-1.amazonaws.com"], "region us-east-1"),
            (vec!["--issuer", "https://my-bucket.s3.eu-west-1.amazonaws.com/a", "--prefix", "b"], "prefix a"),
            (
                vec!["--issuer", "https://my-bucket.s3.eu-west-1.amazonaws.com.cn"],
                "DNS suffix amazonaws.com.cn",
            ),
        ];
        for (words, expected) in table {
            let error = resolve(&[&["--bucket", "my-bucket"], &words[..]].concat()).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
