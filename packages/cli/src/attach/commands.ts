/** The commands of attach, for `:help`. */
export const help = `What you type goes to Claude; while a reply form is open, it is your reply. Nothing said in words approves anything.
  :allow [n]              lets a tool run, approves a plan (:allow n acceptEdits)
  :always [n]             allows it for the rest of the conversation
  :edit [n]               opens the input of a tool in your editor, and allows it as edited
  :deny [n] why           does not; :deny! stops Claude, too
  :answer [n]             asks you for a form or a question, step by step; :answer n {"name": "…"} at once
  :show [n]               shows what is open
  :interrupt              stops the turn
  :mode default|acceptEdits|plan, :model name, :effort low|medium|high|max
                          how Claude works from now on; - for as usual
  :session n              which conversation is meant, when there are several
  :cancel                 ends the execution; asks once more
  :quit, Ctrl-C           leaves; the execution goes on
Write :: for a colon at the beginning. Alt-Enter begins a new line.
`;
