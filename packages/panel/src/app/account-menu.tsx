import { useMe } from '../features/auth/me.ts';
import { SignOutButton } from '../features/auth/sign-out-button.tsx';
import { nextTheme, type ThemeChoice, useTheme } from '../lib/theme.ts';
import { Icon, type IconName } from '../ui/icons.tsx';

const themes: Record<ThemeChoice, { icon: IconName; label: string }> = {
  system: { icon: 'system', label: 'Theme: as the system' },
  light: { icon: 'sun', label: 'Theme: light' },
  dark: { icon: 'moon', label: 'Theme: dark' },
};

const buttonStyle =
  'inline-flex size-10 items-center justify-center rounded-lg text-ink-soft hover:bg-sunken hover:text-ink';

export function AccountMenu({ compact = false }: { compact?: boolean }) {
  const { name } = useMe();
  return (
    <div className="flex items-center gap-1">
      {!compact && <span className="min-w-0 flex-1 truncate px-2 text-sm font-medium">{name}</span>}
      <ThemeButton />
      <SignOutButton className={buttonStyle} name={name} />
    </div>
  );
}

export function ThemeButton() {
  const { icon, label } = themes[useTheme()];
  return (
    <button type="button" onClick={nextTheme} className={buttonStyle} title={label} aria-label={`${label}. Change`}>
      <Icon name={icon} className="size-5" />
    </button>
  );
}
