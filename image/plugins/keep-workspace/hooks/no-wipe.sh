# The call comes as JSON. Exit code 2 keeps it from running, and Claude is told what is said here.
if grep -Eq 'rm +-[a-zA-Z]*[rR][a-zA-Z]* +(--? +)?(/workspace/?\*?|\./?\*?|\*)([";& ]|\\n)'; then
  echo 'This would empty the workspace. Delete what you mean by its name.' >&2
  exit 2
fi
