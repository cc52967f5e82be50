"""Answers of a given form: JSON schema, GBNF grammar."""
