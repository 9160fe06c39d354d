"""The scripts that guard the instance metadata service, run with commands that only write down how they were called."""

import json
import subprocess
from pathlib import Path

import pytest

import golden
from commands import Commands

HOP_LIMIT = golden.GOLDEN / "workload-imds-guard.imds-hop-limit.sh"
METADATA = {"MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}}


@pytest.fixture
def commands(tmp_path):
    return Commands(tmp_path)


@pytest.mark.parametrize("path", golden.paths("*.sh"), ids=lambda path: path.name)
def test_every_script_is_a_shells(path):
    done = subprocess.run(["sh", "-n", str(path)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


# Launch templates of one's own: $STATE/ID holds its versions, one a line; $STATE/ID.default the number of the default.
AWS = r"""
option() {
  wanted=$1
  shift
  while [ "$#" -gt 1 ]; do
    if [ "$1" = "$wanted" ]; then printf '%s\n' "$2"; return; fi
    shift
  done
}
id=$(option --launch-template-id "$@")
case $2 in
  modify-instance-metadata-options) echo '{}' ;;
  describe-launch-template-versions)
    case $(option --query "$@") in
      *.HttpEndpoint) cat "$STATE/endpoint"; exit ;;
      *MetadataOptions.[HI]*Ipv6 | *.InstanceMetadataTags) echo None; exit ;;
    esac
    number=$(cat "$STATE/$id.default")
    [ "$(option --versions "$@")" = '$Default' ] || number=$(wc -l <"$STATE/$id" | tr -d ' ')
    sed -n "${number}p" "$STATE/$id"
    ;;
  create-launch-template-version)
    number=$(($(wc -l <"$STATE/$id") + 1))
    printf '%s\t%s\t%s\t%s\n' "$number" required 1 "$(option --version-description "$@")" >>"$STATE/$id"
    option --launch-template-data "$@" >"$STATE/data"
    echo "$number"
    ;;
  modify-launch-template)
    [ ! -e "$STATE/broken" ] || { echo 'An error occurred (UnauthorizedOperation)' >&2; exit 254; }
    option --default-version "$@" >"$STATE/$id.default"
    echo '{}'
    ;;
  *) echo "what is $*?" >&2; exit 2 ;;
esac
"""


class Templates:
    def __init__(self, commands):
        self.commands = commands
        commands.script("aws", AWS)
        (commands.directory / "endpoint").write_text("None\n")

    def make(self, name, versions, default):
        (self.commands.directory / name).write_text("".join("\t".join(one) + "\n" for one in versions))
        (self.commands.directory / f"{name}.default").write_text(f"{default}\n")

    def state(self, name):
        versions = (self.commands.directory / name).read_text().splitlines()
        return len(versions), int((self.commands.directory / f"{name}.default").read_text())

    def guard(self, *names):
        return self.commands.run(["sh", str(HOP_LIMIT), *names])


@pytest.fixture
def templates(commands):
    return Templates(commands)


OPEN = ("1", "optional", "2", "None")
UNSET = ("1", "None", "None", "None")
DONE = ("2", "required", "1", "issuerctl imds-guard, from version 1")


def test_an_instance_is_changed_where_it_runs(templates):
    done = templates.guard("i-0a", "i-0b")
    assert (done.returncode, done.stderr) == (0, "")
    wanted = "--http-tokens required --http-put-response-hop-limit 1"
    calls = templates.commands.calls("aws")
    assert calls == [f"aws ec2 modify-instance-metadata-options --instance-id {one} {wanted}" for one in ["i-0a", "i-0b"]]


@pytest.mark.parametrize("version", [OPEN, UNSET])
def test_a_template_gets_one_new_version_and_a_second_run_none(templates, version):
    templates.make("lt-0a", [version], 1)
    assert templates.guard("lt-0a").returncode == 0
    assert templates.state("lt-0a") == (2, 2)
    assert json.loads((templates.commands.directory / "data").read_text()) == METADATA
    done = templates.guard("lt-0a")
    assert (done.returncode, done.stdout) == (0, "lt-0a: version 2, the default, has it already\n")
    assert templates.state("lt-0a") == (2, 2)


def test_metadata_options_that_are_none_of_ours_stay(templates):
    templates.make("lt-0a", [OPEN], 1)
    (templates.commands.directory / "endpoint").write_text("disabled\n")
    assert templates.guard("lt-0a").returncode == 0
    made = json.loads((templates.commands.directory / "data").read_text())
    assert made == {"MetadataOptions": {**METADATA["MetadataOptions"], "HttpEndpoint": "disabled"}}


def test_options_that_cannot_be_read_leave_the_template_as_it_is(templates):
    templates.make("lt-0a", [OPEN], 1)
    (templates.commands.directory / "endpoint").unlink()
    assert templates.guard("lt-0a").returncode != 0
    assert templates.state("lt-0a") == (1, 1)


def test_an_interrupted_run_is_finished_by_the_next(templates):
    templates.make("lt-0a", [OPEN], 1)
    broken = templates.commands.directory / "broken"
    broken.touch()
    done = templates.guard("lt-0a")
    assert done.returncode != 0 and "UnauthorizedOperation" in done.stderr
    assert templates.state("lt-0a") == (2, 1)
    broken.unlink()
    assert templates.guard("lt-0a").returncode == 0
    assert templates.state("lt-0a") == (2, 2)


def test_somebody_elses_newer_version_is_not_made_the_default(templates):
    templates.make("lt-0a", [OPEN, ("2", "required", "1", "try this")], 1)
    done = templates.guard("lt-0a")
    assert done.returncode == 1
    assert "its default version is 1 and its latest 2" in done.stderr
    assert templates.state("lt-0a") == (2, 1)


def test_a_template_that_has_it_under_another_description_stays(templates):
    templates.make("lt-0a", [("1", "required", "1", "None")], 1)
    assert templates.guard("lt-0a").returncode == 0
    assert templates.state("lt-0a") == (1, 1)


def test_a_template_that_cannot_be_read_is_not_changed(templates):
    templates.commands.script("aws", 'echo "An error occurred (UnauthorizedOperation)" >&2; exit 254')
    done = templates.guard("lt-0a")
    assert done.returncode != 0 and "UnauthorizedOperation" in done.stderr
    assert len(templates.commands.calls("aws")) == 1


@pytest.mark.parametrize(("names", "said"), [((), "usage: "), (("i-0a", "sg-0b"), "sg-0b is neither")])
def test_wrong_words_are_told_before_anything_is_changed(templates, names, said):
    done = templates.guard(*names)
    assert done.returncode == 2 and said in done.stderr
    assert templates.commands.calls("aws") == []


# Rules that are kept in a file: -C looks for one, -I adds one.
IPTABLES = r"""
rule=${*#* -[CI] }
case " $* " in
  *" -C "*) grep -qxF -- "$rule" "$STATE/rules-$0x" 2>/dev/null || { echo 'Bad rule' >&2; exit 1; } ;;
  *) printf '%s\n' "$rule" >>"$STATE/rules-$0x" ;;
esac
""".replace("$0x", "${0##*/}")

DROP = "-m comment --comment issuerctl-imds-guard -j DROP"


@pytest.mark.parametrize(
    ("case", "ipv4", "ipv6"),
    [
        ("imds-guard", [""], [""]),
        ("imds-guard-networks", ["-s 10.244.0.0/16 ", "-s 10.245.0.0/16 "], ["-s fd00:10::/56 "]),
        ("imds-guard-ipv4", ["-s 10.244.0.0/16 "], []),
        ("imds-guard-ipv6", [], ["-s fd00:10::/56 "]),
    ],
)
def test_each_rule_stands_there_once_however_often_it_is_run(commands, case, ipv4, ipv6):
    for name in ["iptables", "ip6tables"]:
        commands.script(name, IPTABLES)
    script = golden.GOLDEN / f"workload-{case}.imds-guard.iptables.sh"
    for _ in range(2):
        done = commands.run(["sh", str(script)])
        assert done.returncode == 0, done.stderr
    written = lambda name: commands.directory / f"rules-{name}"
    rules = lambda name: written(name).read_text().splitlines() if written(name).exists() else []
    assert rules("iptables") == [f"FORWARD {source}-d 169.254.169.254 {DROP}" for source in ipv4]
    if Path("/proc/net/if_inet6").exists():
        assert rules("ip6tables") == [f"FORWARD {source}-d fd00:ec2::254 {DROP}" for source in ipv6]
    assert all("-w -t mangle" in call for call in commands.calls("iptables"))


@pytest.mark.parametrize(("case", "kept", "left"), [("ipv4", "ip ", "ip6 "), ("ipv6", "ip6 ", "ip ")])
def test_networks_of_one_family_leave_the_other_alone_and_both_files_say_so(case, kept, left):
    said = {"ip ": "# - 169.254.169.254, over IPv4: ", "ip6 ": "# - fd00:ec2::254, over IPv6: "}
    nft = golden.text(f"imds-guard-{case}.imds-guard.nft")
    (rule,) = [line.strip() for line in nft.splitlines() if line.endswith(" drop")]
    assert rule.startswith(f"{kept}saddr ")
    for text in [nft, golden.text(f"imds-guard-{case}.imds-guard.iptables.sh")]:
        assert said[left] in text and said[kept] not in text


def test_a_rule_that_is_refused_ends_the_script(commands):
    commands.script("iptables", "echo 'Permission denied (you must be root)' >&2; exit 4")
    done = commands.run(["sh", str(golden.GOLDEN / "workload-imds-guard.imds-guard.iptables.sh")])
    assert done.returncode == 4 and "you must be root" in done.stderr


def test_the_network_policy_leaves_out_the_metadata_service_alone():
    policy = golden.of_kind("imds-guard.imds-guard.networkpolicy.yaml", "NetworkPolicy")["spec"]
    assert (policy["podSelector"], policy["policyTypes"]) == ({}, ["Egress"])
    (rule,) = policy["egress"]
    assert rule == {
        "to": [
            {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}},
            {"ipBlock": {"cidr": "::/0", "except": ["fd00:ec2::254/128"]}},
            {"namespaceSelector": {}},
        ]
    }
