"""The figures of the governance dashboard (spec 19), counted from the record alone."""
