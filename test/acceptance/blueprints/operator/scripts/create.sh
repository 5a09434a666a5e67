#!/bin/sh
ctx instance runtime-properties made yes
