//! Why a key is not taken: one reason for each way in which a PEM block, or the DER inside, is
//! none that kube-apiserver reads. Each reads after "block 1 (LABEL): ".

/// Why a key is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A BEGIN line without its END line, or DER that ends too early.
    #[error("it is cut off: the end is missing")]
    Truncated,
    /// A block with nothing between BEGIN and END.
    #[error("it is empty")]
    Empty,
    /// The body is not base64.
    #[error("its body is not base64")]
    NotBase64,
    /// Legacy (Proc-Type) or PKCS#8 encryption.
    #[error(
        "it is encrypted, and kube-apiserver has no way to ask for a passphrase; decrypt it first, for example with `openssl pkey`"
    )]
    Encrypted,
    /// Not the ASN.1 that any key has.
    #[error("its contents are damaged, or of a kind that is not known here")]
    Malformed,
    /// A PEM block that is no key and no certificate.
    #[error("it is not a key")]
    NotAKey,
    /// PKCS#1 `RSAPublicKey`, made by `openssl rsa -RSAPublicKey_out`.
    #[error(
        "it is a PKCS#1 public key, which kube-apiserver does not read; convert it with `openssl rsa -RSAPublicKey_in -pubout`"
    )]
    Pkcs1Public,
    /// An EC private key in PKCS#8, given as public key source.
    #[error(
        "it is an EC private key in PKCS#8, which kube-apiserver takes for signing but not as key file; derive the public key with `openssl pkey -pubout`"
    )]
    EcPkcs8,
    /// A key bound to RSA-PSS by its algorithm identifier.
    #[error("it is an RSA-PSS key; kube-apiserver takes plain RSA keys only")]
    RsaPss,
    /// Ed25519, Ed448, X25519 or X448.
    #[error("it is an {0} key, which kube-apiserver does not take")]
    Edwards(&'static str),
    /// DSA.
    #[error("it is a DSA key, which kube-apiserver does not take")]
    Dsa,
    /// An elliptic curve other than P-256, P-384 and P-521, by name or object identifier.
    #[error("its curve is {0}; kube-apiserver takes P-256, P-384 and P-521 only")]
    Curve(String),
    /// An EC key whose curve is spelled out in numbers, or not said at all.
    #[error("it does not name its curve; kube-apiserver takes named curves only")]
    UnnamedCurve,
    /// A compressed or hybrid EC point.
    #[error("its EC point is not in the uncompressed form, the only one that kube-apiserver reads")]
    CompressedPoint,
    /// An EC point that is not on its curve.
    #[error("its EC point is not on its curve")]
    PointOffCurve,
    /// An algorithm of another kind, by object identifier.
    #[error("its algorithm (object identifier {0}) is none that kube-apiserver takes")]
    OtherAlgorithm(String),
    /// Multi-prime RSA.
    #[error("it is an RSA key of more than two primes, which is not supported")]
    MultiPrime,
    /// A modulus or exponent that no RSA key can have.
    #[error("its RSA modulus or exponent is out of range")]
    RsaOutOfRange,
    /// RSA numbers or EC scalar and point that do not belong together.
    #[error("its private and public numbers do not belong together")]
    Inconsistent,
    /// A public key or certificate where a private key was wanted.
    #[error("it is a public key or a certificate, not a private key")]
    PublicOnly,
    /// A private key in another encoding than its label says.
    #[error(
        "its contents are not what the label says, and kube-apiserver goes by the label of a private key"
    )]
    Mislabelled,
    /// The format of OpenSSH.
    #[error("it is in OpenSSH's own format; convert it with `ssh-keygen -p -m PEM`")]
    OpenSsh,
}
