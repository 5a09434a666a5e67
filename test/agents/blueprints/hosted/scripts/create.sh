#!/bin/sh
ctx instance runtime-properties ip 127.0.0.1
