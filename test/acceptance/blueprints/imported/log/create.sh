#!/bin/sh
ctx instance runtime-properties made "by the log"
