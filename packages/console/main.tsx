// Where the page begins: the theme, the styles, the application.
import { render } from 'preact';
import { App } from './app.tsx';
import { startRouting } from './frame/route.ts';
import { restore } from './frame/session.ts';
import { startTheme } from './frame/theme.ts';
import { startLooking } from './health/history.ts';
import './style/tokens.css';
import './style/base.css';
import './style/frame.css';
import './style/parts.css';
import './style/pages.css';

startTheme();
startRouting();
startLooking();
void restore();
render(<App />, document.getElementById('app') as HTMLElement);
