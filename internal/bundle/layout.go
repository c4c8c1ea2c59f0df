package bundle

import (
	"regexp"
)

// Names of the members.
const (
	memberReadme        = "README.txt"
	memberAbout         = "bundle.json"
	memberReport        = "report.html"
	memberCertification = "certification.html"
	memberCoverage      = "coverage.json"
	memberKeys          = "keys"
	memberPolicy        = "policy"
	memberManifest      = "manifest"
	memberLeaves        = "log/leaves.bin"
	memberEntries       = "log/entries.jsonl"
	memberCheckpoint    = "log/checkpoint"
	memberInstance      = "instance/checkpoint"
	memberInstanceLeafs = "instance/leaves.jsonl"
	memberAuthorities   = "timestamps/authorities.pem"

	folderCatalogs = "catalogs/"      // <SHA-256 of the content>.json
	folderBlobs    = "blobs/"         // <salted hash, as the entry has it>
	folderSeen     = "instance/seen/" // <instance size>.tlog-proof
	folderStamps   = "timestamps/"    // log-<size>-<n>.tsr, instance-<size>-<n>.tsr
)

// required are the members that every bundle has.
var required = []string{
	memberReadme, memberAbout, memberReport, memberCertification, memberCoverage, memberKeys, memberManifest,
	memberLeaves, memberEntries, memberCheckpoint,
}

// memberForm is every name that a member may have.
var memberForm = regexp.MustCompile(`^(README\.txt|bundle\.json|report\.html|certification\.html|coverage\.json|keys|policy|` +
	`log/(leaves\.bin|entries\.jsonl|checkpoint)|instance/(checkpoint|leaves\.jsonl)|instance/seen/[1-9][0-9]{0,18}\.tlog-proof|` +
	`catalogs/[0-9a-f]{64}\.json|blobs/[0-9a-f]{64}|timestamps/(authorities\.pem|(log|instance)-[1-9][0-9]{0,18}-[1-9][0-9]{0,5}\.tsr))$`)
