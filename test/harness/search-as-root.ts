import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import * as z from 'zod';

const docker = new Docker();

/*
 * Needles travel backwards, so that nothing that carries them is taken for a place where they are.
 *
 * As root, in the container's process namespace: where in memory, environments, arguments, open files and the file
 * system the needles are. Only pages in memory are read: the programs reserve far more than there is.
 */
const search = `
import array, json, os, stat, sys
needles = {name: text[::-1].encode() for name, text in json.loads(sys.argv[1]).items()}
found, scanned = set(), {}
def look(where, data):
  scanned[where] = scanned.get(where, 0) + len(data)
  found.update(name + ': ' + where for name, needle in needles.items() if needle in data)
def stream(where, file):
  rest = b''
  while chunk := file.read(1 << 24):
    look(where, rest + chunk)
    rest = chunk[-256:]
def memory(where, pid):
  with open('/proc/%s/mem' % pid, 'rb', 0) as mem, open('/proc/%s/pagemap' % pid, 'rb', 0) as map:
    for line in open('/proc/%s/maps' % pid):
      span, perms, *_ = line.split()
      if perms[0] != 'r' or '[v' in line: continue
      first, last = (int(end, 16) >> 12 for end in span.split('-'))
      rest = b''
      for page in range(first, last, 4096):
        map.seek(page * 8)
        present = [bits >> 62 != 0 for bits in array.array('Q', map.read(min(4096, last - page) * 8))]
        if not any(present): continue
        try:
          mem.seek(page << 12)
          data = mem.read(len(present) << 12)
        except OSError: continue
        look(where, rest + data)
        rest = data[-256:]
for pid in filter(str.isdigit, os.listdir('/proc')):
  if pid == str(os.getpid()): continue
  base = '/proc/' + pid
  try:
    arguments = open(base + '/cmdline', 'rb').read()
    program = os.path.basename(arguments.split(b'\\0')[0].decode())
    look(program + ' arguments', arguments)
    look(program + ' environment', open(base + '/environ', 'rb').read())
    for fd in os.listdir(base + '/fd'):
      if stat.S_ISREG(os.stat(base + '/fd/' + fd).st_mode): stream(program + ' open file', open(base + '/fd/' + fd, 'rb'))
    memory(program + ' memory', pid)
  except (FileNotFoundError, ProcessLookupError): pass
for folder, folders, files in os.walk('/proc/1/root/'):
  if folder == '/proc/1/root/': folders[:] = [name for name in folders if name not in ('proc', 'sys')]
  for name in files:
    path = os.path.join(folder, name)
    if stat.S_ISREG(os.lstat(path).st_mode): stream('files', open(path, 'rb'))
print(json.dumps(dict(found=sorted(found), scanned=scanned)))
`;

const searchedSchema = z.object({ found: z.array(z.string()), scanned: z.record(z.string(), z.number()) });

/** As needles travel. */
export const backwards = (needle: string) => [...needle].reverse().join('');

/** What a container of its own says before it ends. */
export async function outputOf(options: Docker.ContainerCreateOptions): Promise<string> {
  const container = await docker.createContainer({ ...options, Cmd: [], Tty: true });
  try {
    await container.start();
    return await text(await container.logs({ follow: true, stdout: true, stderr: true }));
  } finally {
    await container.remove({ force: true });
  }
}

/**
 * Searches a session's container for texts, as root, from one that shares its processes. Tells where which were found, and how
 * many bytes were searched.
 */
export async function searchAsRoot(container: string, needles: Record<string, string>) {
  const { Image } = await docker.getContainer(container).inspect();
  const argument = Object.fromEntries(Object.entries(needles).map(([key, needle]) => [key, backwards(needle)]));
  const output = await outputOf({
    Image,
    User: '0:0',
    Entrypoint: ['python3', '-c', search, JSON.stringify(argument)],
    HostConfig: {
      PidMode: `container:${container}`,
      CapAdd: ['SYS_PTRACE'],
      SecurityOpt: ['apparmor=unconfined'],
      NetworkMode: 'none',
    },
  });
  return searchedSchema.parse(JSON.parse(output));
}
