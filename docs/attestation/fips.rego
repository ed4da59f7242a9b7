# For `cosign verify-attestation --policy`: takes images that are ready, and nothing that was only
# inspected. cosign asks for data.signature.allow, and gives the whole statement.
package signature

import rego.v1

default allow := false

allow if {
	input.predicateType == "urn:fips-scanner:attestation:1"
	input.predicate.result == "PASSED"
	input.predicate.verdict in {"ready", "no-crypto"}
	input.predicate.scope.static == false
	holds
}

# Certificates expire while images stay the same. null: it rests on none.
holds if input.predicate.holdsUntil == null

holds if {
	is_string(input.predicate.holdsUntil)
	regex.match(`^\d{4}-\d{2}-\d{2}$`, input.predicate.holdsUntil)
	end := time.parse_rfc3339_ns(sprintf("%sT23:59:59Z", [input.predicate.holdsUntil]))
	time.now_ns() <= end
}
