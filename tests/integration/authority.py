"""A certificate authority for one run of the tests, made by openssl; nothing of it is kept."""

import subprocess

REGIONS = ("us-east-1", "eu-west-1")
# Names under .test are nobody's (RFC 6761).
OWN_HOSTS = ("*.example.test",)


class Authority:
    """A CA and one certificate for AWS's bucket names in the tests' regions and for hosts of one's own."""

    def __init__(self, directory):
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.ca_file = directory / "ca.pem"
        self.key = directory / "leaf.key"
        self.certificate = directory / "leaf.pem"
        ca_key, request, extensions = directory / "ca.key", directory / "leaf.csr", directory / "leaf.ext"
        names = [f"*.s3.{region}.amazonaws.com" for region in REGIONS] + list(OWN_HOSTS)
        extensions.write_text(
            "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n"
            + "subjectAltName=" + ",".join(f"DNS:{name}" for name in names) + "\n"
        )
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl(
            "req", "-x509", *curve, "-keyout", ca_key, "-out", self.ca_file, "-days", "2",
            "-subj", "/CN=tests of issuerctl", "-addext", "keyUsage=critical,keyCertSign",
        )
        openssl("req", *curve, "-keyout", self.key, "-out", request, "-subj", "/CN=front")
        openssl(
            "x509", "-req", "-in", request, "-CA", self.ca_file, "-CAkey", ca_key, "-CAcreateserial",
            "-days", "2", "-extfile", extensions, "-out", self.certificate,
        )

    def together_with(self, other):
        """A file of this CA and another one: the program takes one file."""
        path = self.directory / f"with-{other.parent.name}.pem"
        path.write_bytes(self.ca_file.read_bytes() + b"\n" + other.read_bytes())
        return path


def openssl(*words, **settings):
    done = subprocess.run(["openssl", *(str(word) for word in words)], capture_output=True, **settings)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
