#!/usr/bin/env bash
# What the guides have people do by hand, once: an issuer from a key that is there, with openssl and six calls of the
# aws CLI. scripts/bench.sh measures it beside `issuerctl bootstrap`; it is no way to run a cluster.
#
#   scripts/by-hand.sh BUCKET REGION SA_KEY DIRECTORY
#
# SA_KEY is an RSA private key in PEM; DIRECTORY takes the documents. AWS names the aws CLI where it is not on the PATH.
# Nothing is looked at first, nothing is read back, and a second run fails: that is how the guides have it.
set -euo pipefail

bucket=$1 region=$2 key=$3 directory=$4
aws=${AWS:-aws}
issuer=https://$bucket.s3.$region.amazonaws.com

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
bytes() { printf '%b' "$(sed 's/../\\x&/g')"; }

# The key id as kube-apiserver has it: SHA-256 of the public key's DER form.
kid=$(openssl rsa -in "$key" -pubout -outform DER 2>/dev/null | openssl dgst -sha256 -binary | base64url)
modulus=$(openssl rsa -in "$key" -noout -modulus | sed 's/^Modulus=//' | bytes | base64url)

cat >"$directory/jwks.json" <<JWKS
{"keys":[{"use":"sig","kty":"RSA","kid":"$kid","alg":"RS256","n":"$modulus","e":"AQAB"}]}
JWKS
cat >"$directory/discovery.json" <<DISCOVERY
{"issuer":"$issuer","jwks_uri":"$issuer/openid/v1/jwks","response_types_supported":["id_token"],\
"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"]}
DISCOVERY
cat >"$directory/policy.json" <<POLICY
{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":[\
"arn:aws:s3:::$bucket/.well-known/openid-configuration","arn:aws:s3:::$bucket/openid/v1/jwks"]}]}
POLICY

"$aws" s3api create-bucket --bucket "$bucket" --region "$region" \
  --create-bucket-configuration "LocationConstraint=$region"
"$aws" s3api put-public-access-block --bucket "$bucket" --region "$region" --public-access-block-configuration \
  BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=false,RestrictPublicBuckets=false
"$aws" s3api put-bucket-policy --bucket "$bucket" --region "$region" --policy "file://$directory/policy.json"
"$aws" s3api put-object --bucket "$bucket" --region "$region" --key .well-known/openid-configuration \
  --body "$directory/discovery.json" --content-type application/json
"$aws" s3api put-object --bucket "$bucket" --region "$region" --key openid/v1/jwks \
  --body "$directory/jwks.json" --content-type application/json
"$aws" iam create-open-id-connect-provider --url "$issuer" --client-id-list sts.amazonaws.com
