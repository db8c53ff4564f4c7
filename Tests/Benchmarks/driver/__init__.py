"""Starts the servers, drives the load generator, and makes a table of what it measured."""
