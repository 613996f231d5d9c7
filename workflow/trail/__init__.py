"""The trail as evidence: daily seals, verification, exports, evidence packages, and the auditor's pages."""
