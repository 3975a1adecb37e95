import { useQuery } from '@tanstack/react-query';
import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { Loading } from '../../ui/card.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';

/** How much of a text is shown, in bytes. */
const shownBytes = 64 * 1024;
/** Larger pictures are for a program of their own. */
const largestPicture = 20 * 1024 ** 2;
const pictures = /\.(png|jpe?g|gif|webp)$/i;

interface FilePreviewProps {
  path: string;
  size: number;
  address: string;
}

/** The picture, or the beginning as text; nothing in a file is run. */
export function FilePreview({ path, size, address }: FilePreviewProps) {
  if (size === 0) return <p className="text-sm text-ink-soft">The file is empty.</p>;
  if (pictures.test(path) && size <= largestPicture) {
    return <img src={address} alt={path} className="max-h-96 max-w-full rounded-lg border border-line" />;
  }
  return <TextPreview size={size} address={address} />;
}

function TextPreview({ size, address }: Omit<FilePreviewProps, 'path'>) {
  const { data, error } = useQuery({
    queryKey: ['file', address, size],
    queryFn: () => api.beginning(address, shownBytes),
  });
  if (error) return <ErrorNotice error={ApiError.from(error)} />;
  if (data === undefined) return <Loading label="Loading the file" rows={1} />;
  if (data.includes('\0')) return <p className="text-sm text-ink-soft">This is no text: download it to look at it.</p>;
  return (
    <>
      <CodeBlock text={data} />
      {size > shownBytes && <p className="text-sm text-ink-soft">Only its beginning is shown.</p>}
    </>
  );
}
