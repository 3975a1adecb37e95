#!/bin/sh
# An editor that replaces `asked` by `edited`, as a person might.
sed -i 's/asked/edited/' "$1"
