#!/bin/sh -e
ctx source instance runtime-properties database_url "$(ctx target instance runtime-properties url)"
