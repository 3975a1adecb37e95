import type { Page } from 'playwright-core';
import { adminPassword, type TestHost } from './host.ts';

/** Opens the panel and signs in as the administrator. */
export async function signIn(page: Page, { url }: Pick<TestHost, 'url'>): Promise<void> {
  await page.goto(url);
  await page.getByTestId('login-password').fill(adminPassword);
  await page.getByTestId('login-submit').click();
}
